/* Allocates as a small service does: a table that grows, requests that come and go, buffers that are kept. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <malloc.h>
#include <mcheck.h>

static uint32_t state = 12345;
static uint32_t next(void) { state = state * 1664525u + 1013904223u; return state >> 8; }
static void *fill(void *p, size_t n) { if (p) memset(p, 1, n); return p; }
#define SLOTS 300

int main(int argc, char **argv) {
    if (argc > 1) mtrace();
    void *slots[SLOTS] = {0};
    /* The first and the last block have sizes by which the program's own part is found. */
    void *first = fill(malloc(1234567), 1234567);
    for (int i = 0; i < 1500; i++) {
        uint32_t at = next() % SLOTS;
        size_t size = 16 + next() % (next() % 16 == 0 ? 200000 : 3000);
        switch (next() % 8) {
        case 0: free(slots[at]); slots[at] = fill(calloc(1 + next() % 20, 1 + size / 20), 1); break;
        case 1: slots[at] = fill(realloc(slots[at], size), size); break;
        case 2: { void *p = NULL; free(slots[at]);
                  if (posix_memalign(&p, 64u << next() % 4, size)) abort();
                  slots[at] = fill(p, size); break; }
        case 3: case 4: free(slots[at]); slots[at] = NULL; break;
        default: free(slots[at]); slots[at] = fill(malloc(size), size);
        }
    }
    void *kept[160];
    for (int i = 0; i < 160; i++) kept[i] = fill(malloc(90000), 90000);
    for (int i = 0; i < 160; i += 2) free(kept[i]);
    void *last = fill(malloc(2345678), 2345678);
    free(last);
    free(first);
    return 0;
}
