/* daylight LATITUDE LONGITUDE [YYYY-MM-DD] */
#include <daylight.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int usage(FILE *to) {
    fprintf(to, "usage: daylight LATITUDE LONGITUDE [YYYY-MM-DD]\n"
                "       daylight 51.48 0 2026-06-21\n"
                "degrees, north and east are positive; times are UTC; without a date it is today\n");
    return to == stderr ? 2 : 0;
}

static int degrees(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0';
}

static int date(const char *text, int *year, int *month, int *day) {
    char rest;
    if (text) return sscanf(text, "%4d-%2d-%2d%c", year, month, day, &rest) == 3;
    time_t now = time(NULL);
    struct tm *today = gmtime(&now);
    *year = today->tm_year + 1900;
    *month = today->tm_mon + 1;
    *day = today->tm_mday;
    return 1;
}

static void show(const char *what, double minutes) {
    int whole = (int)(minutes + 0.5 + 1440.0) % 1440;
    printf("%-8s %02d:%02d UTC\n", what, whole / 60, whole % 60);
}

int main(int argc, char **argv) {
    struct daylight is;
    double latitude, longitude;
    int year, month, day;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) return usage(stdout);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("daylight with libdaylight %s\n", daylight_version());
        return 0;
    }
    if (argc < 3 || argc > 4 || !degrees(argv[1], &latitude) || !degrees(argv[2], &longitude) ||
        !date(argc == 4 ? argv[3] : NULL, &year, &month, &day))
        return usage(stderr);
    if (daylight_on(latitude, longitude, year, month, day, &is) != 0) {
        fprintf(stderr, "daylight: there is no such place or date\n");
        return 1;
    }
    if (is.kind != DAYLIGHT_USUAL) {
        printf("the sun does not %s\n", is.kind == DAYLIGHT_POLAR_DAY ? "set" : "rise");
        return 0;
    }
    show("sunrise", is.sunrise);
    show("sunset", is.sunset);
    printf("%-8s %d h %02d min\n", "daylight", (int)is.length / 60, (int)is.length % 60);
    return 0;
}
