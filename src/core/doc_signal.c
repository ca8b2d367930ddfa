/* Signals as JSON. */
#include "core/doc.h"
#include "engine/signals.h"
#include "wire/signal_doc.h"

/* What holds at a time, as members of an open object. */
static void put_now(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
		    int64_t now_ms, struct suan_jsonw *w)
{
	struct suan_signal_part p;

	suan_signals_part(g, site, kind, now_ms, &p);
	suan_jsonw_fixed(w, "value", p.value, suan_signal_digits(kind));
	suan_jsonw_str(w, "unit", suan_signal_unit_name(kind));
	suan_jsonw_str(w, "source", suan_signal_source_name(p.source));
}

bool suan_doc_signal(const struct suan_engine *e, uint32_t site, enum suan_signal_kind kind,
		     int64_t now_ms, struct suan_jsonw *w)
{
	const struct suan_signals *g = suan_engine_signals(e);
	struct suan_signal_facts f;
	struct suan_site_view s;

	if (!suan_engine_site(e, site, &s) || !suan_signals_known(g, site, kind))
		return false;
	suan_signals_facts(g, site, kind, &f);
	suan_jsonw_open(w, NULL, '{');
	suan_jsonw_str(w, "site", s.spec->name);
	suan_jsonw_str(w, "kind", suan_signal_kind_name(kind));
	put_now(g, site, kind, now_ms, w);
	suan_jsonw_i64(w, "values", (int64_t)f.steps);
	suan_jsonw_time(w, "from", f.steps ? f.first_ms : 0);
	suan_jsonw_time(w, "until", f.steps ? f.until_ms : 0);
	suan_jsonw_time(w, "issued", f.issued_ms);
	suan_jsonw_time(w, "told", f.told_ms);
	suan_jsonw_bool(w, "tariff", f.tariff);
	suan_jsonw_bool(w, "marginal", f.marginal);
	suan_jsonw_i64(w, "gaps", (int64_t)f.gaps);
	suan_jsonw_i64(w, "duplicates", (int64_t)f.duplicates);
	suan_jsonw_i64(w, "estimated", (int64_t)f.estimated);
	suan_jsonw_close(w, '}');
	return true;
}

int64_t suan_doc_signal_part(const struct suan_engine *e, uint32_t site, enum suan_signal_kind kind,
			     const int64_t span[2], struct suan_jsonw *w)
{
	struct suan_signal_part p;

	suan_signals_part(suan_engine_signals(e), site, kind, span[0], &p);
	if (p.until_ms > span[1])
		p.until_ms = span[1];
	suan_jsonw_open(w, NULL, '{');
	suan_jsonw_time(w, "from", span[0]);
	suan_jsonw_time(w, "until", p.until_ms);
	suan_jsonw_fixed(w, "value", p.value, suan_signal_digits(kind));
	suan_jsonw_str(w, "source", suan_signal_source_name(p.source));
	if (p.source == SUAN_SIGNAL_FORECAST)
		suan_jsonw_time(w, "issued", p.issued_ms);
	suan_jsonw_close(w, '}');
	return p.until_ms;
}
