#include "lib/tap.h"
#include "lib/oom.h"

#include "base/num.h"
#include "wire/signal.h"

static const struct suan_signal_want price = {SUAN_SIGNAL_PRICE, 0, false};
static const struct suan_signal_want dollars = {SUAN_SIGNAL_PRICE, 7100000, false};
static const struct suan_signal_want share = {SUAN_SIGNAL_RENEWABLE, 0, false};
static const struct suan_signal_want carbon = {SUAN_SIGNAL_CARBON, 0, false};
static const struct suan_signal_want lifecycle = {SUAN_SIGNAL_CARBON, 0, true};

static struct suan_signal got;
static struct suan_err err;

static enum suan_code parse(const struct suan_signal_want *want, const char *text)
{
	suan_signal_done(&got);
	got = (struct suan_signal){0};
	err = (struct suan_err){0};
	return suan_signal_parse(text, strlen(text), "f", want, &got, &err);
}

/* "0=5 3600=7": seconds and values as stored. */
static void holds(const char *want, const char *what)
{
	char text[512] = "";
	size_t n = 0;

	for (size_t i = 0; i < got.series.count && n < sizeof(text) - 48; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%lld=%lld", i ? " " : "",
				      (long long)got.series.steps[i].at_ms / 1000,
				      (long long)got.series.steps[i].value);
	is_str(text, want, what);
}

static void refuses(const struct suan_signal_want *want, const char *text, const char *why)
{
	enum suan_code rc = parse(want, text);

	is_int(rc, SUAN_EINVAL, "refused:");
	is_str(err.text, why, why);
}

static void test_own(void)
{
	is_int(parse(&price, "time,value\n0,0.3\n3600,0.9\n"), SUAN_OK, "our own form");
	holds("0=300000 3600=900000", "micro-yuan");
	is_int(got.form, SUAN_SIGNAL_OWN, "its name");
	is_str(got.currency, "CNY", "yuan");
	is_int(got.step_ms, 3600000, "an hour");
	is_int(got.until_ms, 7200000, "the last one lasts as long");
	ok(!got.dated && !got.unordered && got.gaps == 0 && got.rows == 2, "seconds, in order");

	is_int(parse(&carbon, "\xef\xbb\xbf\r\n2026-11-21T08:00:00+08:00,642.3\r\n"), SUAN_OK,
	       "no header, a BOM, the line ends of Windows");
	holds("1795219200=642300", "milligrams");
	ok(got.dated && got.currency[0] == '\0', "a date; no currency");
	is_int(got.until_ms, got.series.steps[0].at_ms, "one value: no end is known");
	is_int(got.step_ms, 0, "nor a distance");

	is_int(parse(&price, "# mine\n\nvalue , time,estimated\n-0.0000005,10,true\n"
			     "1e-3,0,false\n,20,true\n0.0000015,10,True\n0.4,40,\n0.5,50,"),
	       SUAN_OK, "columns in any order, comments, what is not known");
	holds("0=1000 10=2 40=400000 50=500000", "rounded; the last one of a time counts");
	is_int((int64_t)got.rows, 5, "rows");
	is_int((int64_t)got.duplicates, 1, "one came twice");
	is_int((int64_t)got.estimated, 2, "two are estimated");
	ok(got.unordered, "not in order");
	is_int((int64_t)got.gaps, 1, "one gap");
	is_int(got.gap_ms, 20000, "of 20 s");
	is_int(got.first_gap_ms, 20000, "from 20 on");

	is_int(parse(&share, "time,value\n0,0.2151\n5,1\n"), SUAN_OK, "shares up to 1");
	holds("0=215100 5=1000000", "in millionths");

	is_int(parse(&price, "\"time\",\"va\"\"lue\",\"value\"\n\"0\",\"a,\nb\",\"2\"\n"), SUAN_OK,
	       "quotes");
	holds("0=2000000", "a comma and an end of line in them");
}

static void test_own_errors(void)
{
	refuses(&price, "", "f: the file is empty");
	refuses(&price, " \n\t", "f: the file is empty");
	refuses(&price, "time,value\n", "f: there is no row in it");
	refuses(&price, "#\n# nothing\n", "f: there is no row in it");
	refuses(&carbon, "time,value\n0,1\n5,-2\n", "f:3: found a negative carbon intensity");
	refuses(&price, "time,value\n0,1\nnow,2\n",
		"f:3: time: found \"now\", want RFC 3339 with its zone, 2026-11-21T08:00:00Z, or "
		"seconds");
	refuses(&price, "time,value\n2026-11-21 08:00:00,1\n",
		"f:2: time: found \"2026-11-21 08:00:00\", want RFC 3339 with its zone, "
		"2026-11-21T08:00:00Z, or seconds");
	refuses(&share, "time,value\n0,1.0001\n", "f:2: found a share above 1");
	refuses(&price, "time,value\n0\n", "f:2: found 1 columns, want at least 2");
	refuses(&price, "time,value\n0,x\n", "f:2: value: found \"x\", want a number");
	refuses(&price, "time,value\n0,0x10\n", "f:2: value: found \"0x10\", want a number");
	refuses(&price, "hour,price\n0,1\n",
		"f:1: found no column of times; want \"time,value\", or the columns of "
		"Electricity Maps or of prices: \"Datetime (UTC)\" with \"Carbon Intensity … "
		"(direct)\" or \"Price (CUR/MWh)\"");
	refuses(&lifecycle, "time,price\n0,1\n",
		"f:1: found no column of values; want \"time,value\", or the columns of "
		"Electricity Maps or of prices: \"Datetime (UTC)\" with \"Carbon Intensity … "
		"(LCA)\" or \"Price (CUR/MWh)\"");
}

#define MAPS_HEADER                                                                                \
	"Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),"         \
	"Carbon Intensity gCO₂eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,"          \
	"Data Source,Data Estimated,Data Estimation Method\n"
#define MAPS_ROWS                                                                                  \
	"2023-01-01 00:00:00,Great Britain,Great Britain,GB,62.55,91.44,86.0,60.17,a;  b,false,\n" \
	"2023-01-01 01:00:00,Great Britain,Great Britain,GB,65.09,94.66,85.67,60.35,\"a, "         \
	"b\",true,x\n"

static void test_maps_csv(void)
{
	is_int(parse(&carbon, MAPS_HEADER MAPS_ROWS), SUAN_OK, "Electricity Maps");
	holds("1672531200=62550 1672534800=65090", "direct");
	is_int(got.form, SUAN_SIGNAL_MAPS_CSV, "its name");
	is_int((int64_t)got.estimated, 1, "one is estimated");
	ok(got.dated && !got.marginal, "dates");
	is_int(parse(&lifecycle, MAPS_HEADER MAPS_ROWS), SUAN_OK, "the other column");
	holds("1672531200=91440 1672534800=94660", "lifecycle");
	is_int(parse(&lifecycle, "Datetime (UTC),Carbon intensity gCO₂eq/kWh (Life cycle)\n"
				 "2024-01-01 05:00,100\n"),
	       SUAN_OK, "the wording of 2024, and no seconds");
	holds("1704085200=100000", "read");
	refuses(&price, MAPS_HEADER MAPS_ROWS, "f: found a series of carbon, want one of price");
}

static void test_prices(void)
{
	static const char usd[] = "Datetime (UTC),Datetime (Local),Price (USD/MWh)\n"
				  "2023-01-01 00:00:00+00:00,2023-01-01 01:00:00+01:00,-3.3622368\n"
				  "2023-01-01 01:00:00+00:00,2023-01-01 02:00:00+01:00,100\n";

	is_int(parse(&dollars, usd), SUAN_OK, "dollars per MWh");
	holds("1672531200=-23872 1672534800=710000", "micro-yuan per kWh");
	is_str(got.currency, "USD", "its currency");
	refuses(&price, usd,
		"f:1: its prices are in USD; say how many yuan one of them is (in the network "
		"file: price: {file: f, exchange: 7.1})");
	is_int(parse(&price, "time,Price (CNY/kWh)\n0,0.25\n"), SUAN_OK, "yuan need no rate");
	holds("0=250000", "per kWh");
	refuses(&dollars, "time,Price (USD/GWh)\n0,1\n",
		"f:1: found a price per \"GWh\", want MWh or kWh");
	refuses(&carbon, usd, "f: found a series of price, want one of carbon");
	refuses(&dollars, "time,Price (USD/MWh)\n0,1e30\n",
		"f:2: value: found \"1e30\", want a number");
}

static void test_watttime(void)
{
	is_int(parse(&carbon, "{\"data\":[{\"point_time\":\"2023-07-15T00:00:00+00:00\","
			      "\"value\":870.5},{\"point_time\":\"2023-07-15T00:05:00Z\","
			      "\"value\":1000.0}],\"meta\":{\"region\":\"CAISO_NORTH\","
			      "\"signal_type\":\"co2_moer\",\"units\":\"lbs_co2_per_mwh\"}}"),
	       SUAN_OK, "WattTime");
	holds("1689379200=394852 1689379500=453592", "pounds to milligrams");
	ok(got.marginal && got.form == SUAN_SIGNAL_WATTTIME, "marginal");
	refuses(&carbon, "{\"data\":[],\"meta\":{\"units\":\"kg\"}}",
		"f: found units \"kg\", want lbs_co2_per_mwh");
	refuses(&carbon, "{\"data\":[]}", "f: found units \"\", want lbs_co2_per_mwh");
	refuses(&carbon, "{\"data\":[],\"meta\":{\"signal_type\":\"health_damage\"}}",
		"f: found the signal \"health_damage\", want co2_moer or co2_aoer");
	refuses(&carbon, "{\"data\":[],\"meta\":{\"units\":\"lbs_co2_per_mwh\"}}",
		"f: there is no row in it");
	refuses(&price, "{\"data\":[],\"meta\":{\"units\":\"lbs_co2_per_mwh\"}}",
		"f: found a series of carbon, want one of price");
	is_int(parse(&carbon, "{\"data\":[{\"value\":1}]}"), SUAN_EINVAL, "no time");
	is_int(parse(&carbon, "{\"data\":[{\"point_time\":\"soon\",\"value\":1}]}"), SUAN_EINVAL,
	       "no such time");
	ok(strstr(err.text, "found the time \"soon\""), "said: %s", err.text);
	is_int(parse(&carbon, "{\"data\":[{\"point_time\":"), SUAN_EINVAL, "cut off");
	ok(strncmp(err.text, "f: ", 3) == 0, "said: %s", err.text);
}

static void test_maps_json(void)
{
	is_int(parse(&lifecycle,
		     "{\"zone\":\"DE\",\"history\":[{\"zone\":\"DE\",\"carbonIntensity\":302,"
		     "\"datetime\":\"2023-07-15T00:00:00.000Z\",\"emissionFactorType\":"
		     "\"lifecycle\",\"isEstimated\":true,\"estimationMethod\":\"x\"},"
		     "{\"carbonIntensity\":null,\"datetime\":\"2023-07-15T01:00:00.000Z\"}]}"),
	       SUAN_OK, "Electricity Maps, history");
	holds("1689379200=302000", "null is a gap");
	is_int((int64_t)got.estimated, 1, "estimated");
	is_int(parse(&carbon, "{\"zone\":\"DE\",\"carbonIntensity\":302,\"isEstimated\":false,"
			      "\"emissionFactorType\":\"direct\","
			      "\"datetime\":\"2023-07-15T00:00:00.000Z\"}"),
	       SUAN_OK, "the latest value");
	holds("1689379200=302000", "read");
	refuses(&carbon,
		"{\"zone\":\"DE\",\"carbonIntensity\":302,"
		"\"datetime\":\"2023-07-15T00:00:00.000Z\"}",
		"f: found lifecycle factors, want direct ones");
	refuses(&carbon, "{\"zone\":\"DE\"}",
		"f: found neither \"data\" (WattTime) nor \"history\", \"forecast\" or "
		"\"carbonIntensity\" (Electricity Maps)");
	is_int(parse(&carbon, "[1]"), SUAN_EINVAL, "not an object");
}

#define XML_HEAD                                                                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<Publication_MarketDocument xmlns=\"urn:iec62325.351:tc57wg16:451-3:publicationdocument:" \
	"7:3\"><TimeSeries><currency_Unit.name>EUR</currency_Unit.name>"                           \
	"<price_Measure_Unit.name>MWH</price_Measure_Unit.name><Period><timeInterval>"             \
	"<start>2023-01-01T23:00Z</start><end>2023-01-02T03:00Z</end></timeInterval>"              \
	"<resolution>PT60M</resolution>"
#define POINT(n, price)                                                                            \
	"<Point><position>" n "</position><price.amount>" price "</price.amount></Point>"
#define XML_TAIL "</Period></TimeSeries></Publication_MarketDocument>"

static void test_entsoe(void)
{
	is_int(parse(&dollars,
		     XML_HEAD POINT("1", "100") POINT("2", "-1.5") POINT("4", "0") XML_TAIL),
	       SUAN_OK, "ENTSO-E");
	holds("1672614000=710000 1672617600=-10650 1672624800=0", "a position that is missing");
	is_int(got.until_ms, INT64_C(1672628400000), "the period says the end");
	is_str(got.currency, "EUR", "its currency");
	refuses(&price, XML_HEAD POINT("1", "100") XML_TAIL,
		"f: its prices are in EUR; say how many yuan one of them is (in the network file: "
		"price: {file: f, exchange: 7.1})");
	refuses(&carbon, XML_HEAD POINT("1", "100") XML_TAIL,
		"f: found a series of price, want one of carbon");
	refuses(&dollars, XML_HEAD XML_TAIL, "f: there is no row in it");
	refuses(&dollars, XML_HEAD POINT("5", "100") XML_TAIL,
		"f:2: a point wants a price.amount and a position from 1 to 4");
	refuses(&dollars, XML_HEAD POINT("0", "100") XML_TAIL,
		"f:2: a point wants a price.amount and a position from 1 to 4");
	refuses(&dollars, XML_HEAD POINT("x", "100") XML_TAIL, "f:2: position: found \"x\"");
	refuses(&dollars, XML_HEAD POINT("1", "cheap") XML_TAIL,
		"f:2: price.amount: found \"cheap\"");
	refuses(&dollars, "<GL_MarketDocument/>",
		"f:1: found <GL_MarketDocument>, want ENTSO-E's Publication_MarketDocument "
		"(prices); generation and load say no carbon intensity");
	refuses(&dollars, "<html/>",
		"f:1: found <html>, want ENTSO-E's Publication_MarketDocument (prices)");
	refuses(&dollars,
		"<Acknowledgement_MarketDocument><Reason><code>999</code><text>No "
		"matching data found</text></Reason></Acknowledgement_MarketDocument>",
		"f: the platform had no data: No matching data found");
	refuses(&dollars, "<Acknowledgement_MarketDocument/>", "f: the platform had no data");
	refuses(&dollars, "<Publication_MarketDocument><Period><Point/></Period>",
		"f:1: a point before the period's timeInterval and resolution");
	refuses(&dollars, "<Publication_MarketDocument><start>never</start>",
		"f:1: start: found \"never\"");
	refuses(&dollars, "<Publication_MarketDocument><end>now</end>", "f:1: end: found \"now\"");
	refuses(&dollars, "<Publication_MarketDocument><resolution>P1Y</resolution>",
		"f:1: resolution: found \"P1Y\", want PT15M, PT30M, PT60M or P1D");
	refuses(&dollars, "<Publication_MarketDocument>", "f:1: XML: no element found");
	refuses(&dollars, "<!DOCTYPE a [<!ENTITY b \"c\">]><Publication_MarketDocument/>",
		"f:1: found a document type, want none");
}

static void test_oom(void)
{
	static const char *const texts[] = {
		"time,value\n5,1\n0,2\n",
		"{\"zone\":\"DE\",\"carbonIntensity\":3,\"emissionFactorType\":\"direct\","
		"\"datetime\":\"2023-07-15T00:00:00Z\"}",
		XML_HEAD POINT("1", "100") XML_TAIL};

	for (size_t i = 0; oom_works() && i < 3; i++) {
		const struct suan_signal_want *want = i == 1 ? &carbon : &dollars;

		for (unsigned n = 1; oom_next(n); n++) {
			struct suan_signal s = {.rows = 77};
			enum suan_code rc;
			bool hit;

			err = (struct suan_err){0};
			oom_arm(n);
			rc = suan_signal_parse(texts[i], strlen(texts[i]), "f", want, &s, &err);
			hit = oom_disarm();
			ok(hit ? rc == SUAN_ENOMEM && s.rows == 77 : rc == SUAN_OK,
			   "text %zu, allocation %u: %s", i, n, err.text);
			if (rc == SUAN_OK)
				suan_signal_done(&s);
		}
	}
}

int main(void)
{
	test_own();
	test_own_errors();
	test_maps_csv();
	test_prices();
	test_watttime();
	test_maps_json();
	test_entsoe();
	test_oom();
	suan_signal_done(&got);
	return tap_done();
}
