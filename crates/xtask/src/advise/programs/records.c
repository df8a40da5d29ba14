/* 20,000 records of a small head and a body, dropped: the heads are parked between the bodies. */
#include "rest.h"

#define RECORDS 20000

static struct record { void *body; } *records[RECORDS];

int main(void)
{
    uint64_t state = 1;
    for (int round = 0; round < 2; round++) {
        for (int number = 0; number < RECORDS; number++) {
            records[number] = written(64);
            records[number]->body = written(1100 + chance(&state, 1400));
        }
        rest();
        for (int number = 0; number < RECORDS; number++) {
            free(records[number]->body);
            free(records[number]);
        }
        rest();
    }
}
