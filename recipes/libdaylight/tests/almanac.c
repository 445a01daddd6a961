/* What an almanac says of a few places and dates, to two minutes. */
#include <daylight.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int failures;

static void expect(const char *where, double lat, double lon, int y, int m, int d, double sunrise, double sunset) {
    struct daylight is;
    int bad = daylight_on(lat, lon, y, m, d, &is) != 0 || is.kind != DAYLIGHT_USUAL;
    if (bad || fabs(is.sunrise - sunrise) > 2.0 || fabs(is.sunset - sunset) > 2.0) {
        printf("%s: sunrise %.1f not %.1f, sunset %.1f not %.1f\n", where, is.sunrise, sunrise, is.sunset, sunset);
        failures++;
    }
}

static void expect_kind(const char *where, double lat, int m, enum daylight_kind kind) {
    struct daylight is;
    if (daylight_on(lat, 20.0, 2026, m, 21, &is) != 0 || is.kind != kind) {
        printf("%s: kind %d not %d\n", where, is.kind, kind);
        failures++;
    }
}

int main(void) {
    struct daylight unused;
    expect("Greenwich, midsummer", 51.4779, 0.0, 2026, 6, 21, 3 * 60 + 43, 20 * 60 + 21);
    expect("Greenwich, midwinter", 51.4779, 0.0, 2026, 12, 21, 8 * 60 + 3, 15 * 60 + 53);
    expect("Quito, equinox", -0.1807, -78.4678, 2026, 3, 20, 11 * 60 + 18, 23 * 60 + 24);
    expect_kind("Tromso, June", 69.65, 6, DAYLIGHT_POLAR_DAY);
    expect_kind("Tromso, December", 69.65, 12, DAYLIGHT_POLAR_NIGHT);
    expect_kind("South Pole, December", -90.0, 12, DAYLIGHT_POLAR_DAY);
    if (daylight_on(0, 0, 2026, 2, 29, &unused) != -1 || daylight_on(NAN, 0, 2026, 1, 1, &unused) != -1) {
        printf("there is no such date or place, but it was taken\n");
        failures++;
    }
    if (strcmp(daylight_version(), DAYLIGHT_VERSION) != 0) {
        printf("header %s, library %s\n", DAYLIGHT_VERSION, daylight_version());
        failures++;
    }
    return failures != 0;
}
