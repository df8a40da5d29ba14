/* A pool of twelve threads decodes images of many sizes at the same time: freed images raise the mmap threshold, and what
   follows stays in the threads' arenas. */
#include "rest.h"

#define THREADS 12
#define IMAGES 40

static pthread_barrier_t begins, ends;

static void *decode(void *argument)
{
    uint64_t state = (uintptr_t)argument;
    pthread_barrier_wait(&begins);
    for (int image = 0; image < IMAGES; image++) {
        size_t size = (200 + chance(&state, 5800)) << 10;
        void *encoded = written(size / 8), *pixels = written(size);
        free(encoded);
        free(pixels);
    }
    pthread_barrier_wait(&ends);
    pthread_barrier_wait(&begins);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_barrier_init(&begins, NULL, THREADS + 1);
    pthread_barrier_init(&ends, NULL, THREADS + 1);
    for (int number = 0; number < THREADS; number++)
        if (pthread_create(&thread, NULL, decode, (void *)(intptr_t)(number + 1)))
            return 1;
    rest();
    pthread_barrier_wait(&begins);
    pthread_barrier_wait(&ends);
    rest();
    _exit(0);
}
