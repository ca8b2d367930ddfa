/* The calendar half of num.h: days and civil dates after Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms" (2013). Leap seconds do not exist in it; ":60" is the next minute. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define DAY_MS	     86400000
#define DAYS_PER_ERA 146097 /* 400 years */

struct civil {
	int64_t year;
	int month, day; /* from 1 */
};

static int64_t days_of(const struct civil *c)
{
	int64_t y = c->year - (c->month <= 2 ? 1 : 0);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (c->month + (c->month > 2 ? -3 : 9)) + 2) / 5 + c->day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * DAYS_PER_ERA + doe - 719468;
}

static struct civil civil_of(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	int64_t doe = z - era * DAYS_PER_ERA;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	struct civil c;

	c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = yoe + era * 400 + (c.month <= 2 ? 1 : 0);
	return c;
}

static int days_in(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Exactly `width` digits with a value from lo to hi; moves *p behind them. */
static bool take_int(const char **p, int width, int lo, int hi, int *ret)
{
	const char *s = *p;
	int v = 0;

	for (int i = 0; i < width; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	if (v < lo || v > hi)
		return false;
	*p = s + width;
	*ret = v;
	return true;
}

static bool take_char(const char **p, const char *any_of)
{
	if (**p == '\0' || !strchr(any_of, **p))
		return false;
	(*p)++;
	return true;
}

static bool take_date(const char **p, struct civil *ret)
{
	int year, month, day;

	if (!take_int(p, 4, 0, 9999, &year) || !take_char(p, "-") ||
	    !take_int(p, 2, 1, 12, &month) || !take_char(p, "-") ||
	    !take_int(p, 2, 1, days_in(year, month), &day))
		return false;
	*ret = (struct civil){year, month, day};
	return true;
}

/* "08:00:00", "08:00:00.123456": milliseconds of the day, what is finer is cut off. */
static bool take_clock(const char **p, int64_t *ret)
{
	int hour, minute, second;
	int ms = 0;
	int unit = 100;

	if (!take_int(p, 2, 0, 23, &hour) || !take_char(p, ":") ||
	    !take_int(p, 2, 0, 59, &minute) || !take_char(p, ":") ||
	    !take_int(p, 2, 0, 60, &second))
		return false;
	if (take_char(p, ".")) {
		int digit;

		if (!take_int(p, 1, 0, 9, &digit))
			return false;
		do {
			ms += digit * unit;
			unit /= 10;
		} while (take_int(p, 1, 0, 9, &digit));
	}
	*ret = ((hour * 60 + minute) * 60 + second) * (int64_t)1000 + ms;
	return true;
}

/* "Z", "+08:00": minutes east of Greenwich. */
static bool take_zone(const char **p, int *ret)
{
	bool west = **p == '-';
	int hours, minutes;

	if (take_char(p, "Zz")) {
		*ret = 0;
		return true;
	}
	if (!take_char(p, "+-") || !take_int(p, 2, 0, 23, &hours) || !take_char(p, ":") ||
	    !take_int(p, 2, 0, 59, &minutes))
		return false;
	*ret = (west ? -1 : 1) * (hours * 60 + minutes);
	return true;
}

static bool parse_rfc3339(const char *s, int64_t *ret)
{
	struct civil date;
	int64_t clock;
	int zone;

	if (!take_date(&s, &date) || !take_char(&s, "Tt ") || !take_clock(&s, &clock) ||
	    !take_zone(&s, &zone) || *s)
		return false;
	*ret = days_of(&date) * DAY_MS + clock - zone * (int64_t)60000;
	return true;
}

/* What follows "now": "", "+2h", "-1d". */
static bool parse_offset(const char *s, int64_t now_ms, int64_t *ret)
{
	int64_t ms;

	if (*s == '\0') {
		*ret = now_ms;
		return true;
	}
	if ((*s != '+' && *s != '-') || suan_parse_duration(s + 1, 1000, &ms, NULL) != SUAN_OK)
		return false;
	return suan_add_i64(now_ms, *s == '-' ? -ms : ms, ret);
}

enum suan_code suan_parse_time(const char *s, int64_t now_ms, int64_t *ret, struct suan_err *err)
{
	bool good;

	if (strncmp(s, "now", 3) == 0)
		good = parse_offset(s + 3, now_ms, ret);
	else if (strnlen(s, 5) == 5 && s[4] == '-')
		good = parse_rfc3339(s, ret);
	else
		good = suan_parse_fixed(s, 3, ret, NULL) == SUAN_OK;
	if (good)
		return SUAN_OK;
	return suan_fail(err, SUAN_EINVAL,
			 "found \"%.64s\"; right is a time such as 2026-11-21T08:00:00Z, "
			 "2026-11-21T16:00:00+08:00, 1795248000 or now+2h",
			 s);
}

void suan_format_time(int64_t ms, char out[32])
{
	int64_t rest = ms % DAY_MS;
	int64_t days = ms / DAY_MS - (rest < 0 ? 1 : 0);
	unsigned clock = (unsigned)(rest < 0 ? rest + DAY_MS : rest);
	struct civil c = civil_of(days);
	bool usual = c.year >= 0 && c.year <= 9999;

	(void)snprintf(out, 32,
		       usual ? "%04lld-%02d-%02dT%02u:%02u:%02u.%03uZ"
			     : "%+05lld-%02d-%02dT%02u:%02u:%02u.%03uZ",
		       (long long)c.year, c.month, c.day, clock / 3600000, clock / 60000 % 60,
		       clock / 1000 % 60, clock % 1000);
}
