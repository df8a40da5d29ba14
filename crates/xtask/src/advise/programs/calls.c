/* Twenty calls, each on another thread of a pool: each builds 15 MiB of blocks and frees them, and its thread stays. */
#include "rest.h"

#define THREADS 20
#define BLOCKS 20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn = -1;

static void call(int number)
{
    uint64_t state = number + 1;
    void **blocks = written(BLOCKS * sizeof *blocks);
    for (int block = 0; block < BLOCKS; block++)
        blocks[block] = written(24 + chance(&state, 1500));
    for (int block = 0; block < BLOCKS; block++)
        free(blocks[block]);
    free(blocks);
}

static void *serve(void *argument)
{
    int number = (int)(intptr_t)argument;
    pthread_mutex_lock(&lock);
    while (turn != number)
        pthread_cond_wait(&turned, &lock);
    call(number);
    turn++;
    pthread_cond_broadcast(&turned);
    for (;;)
        pthread_cond_wait(&turned, &lock);
}

int main(void)
{
    pthread_t thread;
    for (int number = 0; number < THREADS; number++)
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)number))
            return 1;
    rest();
    pthread_mutex_lock(&lock);
    turn = 0;
    pthread_cond_broadcast(&turned);
    while (turn < THREADS)
        pthread_cond_wait(&turned, &lock);
    pthread_mutex_unlock(&lock);
    rest();
    _exit(0);
}
