/* What the programs share: a rest, which lasts until the one who measures says so, and memory that is written. */
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Says that it rests and waits for a line. With TRIM_IDLE_MS it calls malloc_trim(0) once after that time, with TRIM_EVERY_MS
   each time it has passed. */
static void rest(void)
{
    const char *idle = getenv("TRIM_IDLE_MS"), *every = getenv("TRIM_EVERY_MS");
    struct pollfd input = { .fd = 0, .events = POLLIN };
    char line;
    if (write(1, "rest\n", 5) != 5)
        exit(1);
    if (idle && poll(&input, 1, atoi(idle)) == 0)
        malloc_trim(0);
    while (every && poll(&input, 1, atoi(every)) == 0)
        malloc_trim(0);
    if (read(0, &line, 1) != 1)
        exit(1);
}

/* Allocates a block and writes all of it. */
static void *written(size_t size)
{
    char *block = malloc(size);
    if (!block)
        exit(1);
    return memset(block, 1, size);
}

/* The next number below a limit, the same in every run. */
static inline unsigned chance(uint64_t *state, unsigned limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % limit;
}
