/* The sunrise equation, with the equation of time to first order in eccentricity and obliquity. */
#include "daylight.h"

#include <math.h>

static const double RADIANS = 3.14159265358979323846 / 180.0;
static const double HORIZON = -0.833; /* degrees: refraction, and the upper limb rather than the centre */

static int days_in(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 2000-01-01 12:00 UTC at noon of the date (Fliegel and Van Flandern, 1968). */
static double days_since_2000(int year, int month, int day) {
    int a = (14 - month) / 12, y = year + 4800 - a, m = month + 12 * a - 3;
    return day + (153 * m + 2) / 5 + 365.0 * y + y / 4 - y / 100 + y / 400 - 32045 - 2451545;
}

static void polar(struct daylight *result, int is_day) {
    result->kind = is_day ? DAYLIGHT_POLAR_DAY : DAYLIGHT_POLAR_NIGHT;
    result->sunrise = result->sunset = 0.0;
    result->length = is_day ? 1440.0 : 0.0;
}

int daylight_on(double latitude, double longitude, int year, int month, int day, struct daylight *result) {
    double noon, anomaly, centre, ecliptic, transit, sin_declination, cos_hour, half;

    /* written so that a NaN is refused */
    if (!(fabs(latitude) <= 90.0 && fabs(longitude) <= 180.0) || result == 0) return -1;
    if (year < 1600 || year > 2600 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return -1;

    noon = days_since_2000(year, month, day) - longitude / 360.0;
    anomaly = fmod(357.5291 + 0.98560028 * noon, 360.0) * RADIANS;
    centre = 1.9148 * sin(anomaly) + 0.02 * sin(2 * anomaly) + 0.0003 * sin(3 * anomaly);
    ecliptic = anomaly + (centre + 180.0 + 102.9372) * RADIANS;
    transit = 720.0 - 4.0 * longitude + 1440.0 * (0.0053 * sin(anomaly) - 0.0069 * sin(2 * ecliptic));

    sin_declination = sin(ecliptic) * sin(23.4397 * RADIANS);
    cos_hour = (sin(HORIZON * RADIANS) - sin(latitude * RADIANS) * sin_declination) /
               (cos(latitude * RADIANS) * cos(asin(sin_declination)));
    if (!(fabs(cos_hour) <= 1.0)) {
        polar(result, latitude * sin_declination > 0);
        return 0;
    }
    half = acos(cos_hour) / RADIANS * 4.0;
    result->kind = DAYLIGHT_USUAL;
    result->sunrise = transit - half;
    result->sunset = transit + half;
    result->length = 2 * half;
    return 0;
}

const char *daylight_version(void) { return DAYLIGHT_VERSION; }
