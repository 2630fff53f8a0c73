/*
 * Order of two versions by dpkg's own code (libdpkg). Each line "A<TAB>B" is answered by a sign, "!" where dpkg refuses one of them.
 */
#define LIBDPKG_VOLATILE_API 1
#include <stdio.h>
#include <string.h>
#include <dpkg/dpkg.h>
#include <dpkg/dpkg-db.h>
#include <dpkg/version.h>

/* As `dpkg --compare-versions` does: what it only warns of it takes. */
static int is_refused(struct dpkg_version *version, const char *text) {
    struct dpkg_error error = DPKG_ERROR_INIT;
    return parseversion(version, text, &error) < 0 && error.type != DPKG_MSG_WARN;
}

int main(void) {
    static char line[65536];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        char *right = strchr(line, '\t');
        if (!right) return 1;
        *right++ = 0;
        struct dpkg_version a, b;
        if (is_refused(&a, line) || is_refused(&b, right)) {
            puts("!");
        } else {
            int order = dpkg_version_compare(&a, &b);
            puts(order < 0 ? "<" : order > 0 ? ">" : "=");
        }
    }
    return 0;
}
