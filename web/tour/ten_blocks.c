/* The program of the story: ten blocks, nine large ones and a small one above them. It writes its own trace: every address is what
   malloc returned. cc ten_blocks.c && ./a.out > ten_blocks.hwt */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char trace[8192];
static size_t length;
static long now;

#define SAY(...) (length += snprintf(trace + length, sizeof trace - length, __VA_ARGS__))

/* Times are those of the plan and not of a clock: what the allocator does here depends on none. */
static void wait_ms(long ms) { now += ms * 1000; }

int main(void) {
    char *blocks[10];
    SAY("highwater-trace 1\nend counted\nprogram ten_blocks\npage 4096\ncpus 1\nallocator glibc 2.36\nbrk %p\n", sbrk(0));
    int events = 0;
    for (int i = 0; i < 10; i++) {
        size_t size = i < 9 ? 100000 : 600;
        wait_ms(200);
        blocks[i] = malloc(size);
        memset(blocks[i], 1, size);
        SAY("m %ld 0 %p %zu\n", now, (void *)blocks[i], size);
        events++;
    }
    wait_ms(200);
    SAY("k %ld 0 burst:0\n", now);
    for (int i = 0; i < 9; i++) {
        wait_ms(100);
        free(blocks[i]);
        SAY("f %ld 0 %p\n", now, (void *)blocks[i]);
    }
    wait_ms(1500);
    SAY("k %ld 0 rest:0\n", now);
    wait_ms(100);
    free(blocks[9]);
    SAY("f %ld 0 %p\n", now, (void *)blocks[9]);
    wait_ms(1500);
    SAY("k %ld 0 rest:1\n", now);
    wait_ms(100);
    malloc_trim(0);
    SAY("t %ld 0 0\n", now);
    wait_ms(500);
    SAY("k %ld 0 trimmed\n", now);
    events += 15;
    SAY("end %d\n", events);
    return write(1, trace, length) == (ssize_t)length ? 0 : 1;
}
