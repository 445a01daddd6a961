/* When the sun rises and sets. */
#ifndef DAYLIGHT_H
#define DAYLIGHT_H

#ifdef __cplusplus
extern "C" {
#endif

#define DAYLIGHT_VERSION "1.0.0"

enum daylight_kind {
    DAYLIGHT_USUAL = 0,      /* the sun rises and sets */
    DAYLIGHT_POLAR_DAY = 1,  /* it does not set */
    DAYLIGHT_POLAR_NIGHT = 2 /* it does not rise */
};

struct daylight {
    enum daylight_kind kind;
    double sunrise; /* minutes after 00:00 UTC of the date; below 0 is the day before */
    double sunset;  /* minutes after 00:00 UTC of the date; above 1440 is the day after */
    double length;  /* minutes of daylight */
};

/* Daylight at a place (degrees, north and east are positive) on a date of the Gregorian calendar.
   Good to about two minutes below the polar circles. 0, or -1 where there is no such place or date. */
int daylight_on(double latitude, double longitude, int year, int month, int day, struct daylight *result);

/* The version of the library that is running. */
const char *daylight_version(void);

#ifdef __cplusplus
}
#endif
#endif
