/* A helper thread frees its blocks and ends; its result, allocated last, keeps them in its arena. The next pass of the main
   thread needs twice as much. */
#include "rest.h"

#define HELPED 60000
#define OWN 120000

static void *helped[HELPED], *own[OWN], *result;

static void *help(void *unused)
{
    uint64_t state = 1;
    (void)unused;
    for (int number = 0; number < HELPED; number++)
        helped[number] = written(200 + chance(&state, 600));
    result = written(100);
    for (int number = 0; number < HELPED; number++)
        free(helped[number]);
    return NULL;
}

int main(void)
{
    uint64_t state = 2;
    pthread_t helper;
    if (pthread_create(&helper, NULL, help, NULL) || pthread_join(helper, NULL))
        return 1;
    rest();
    for (int number = 0; number < OWN; number++)
        own[number] = written(200 + chance(&state, 600));
    rest();
}
