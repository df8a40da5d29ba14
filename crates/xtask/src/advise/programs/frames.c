/* Frames of 16 MiB, then pairs of 8 MiB: the first free raises malloc's thresholds, and a frame stays at the top. */
#include "rest.h"

int main(void)
{
    for (int frame = 0; frame < 3; frame++)
        free(written(16 << 20));
    rest();
    for (int pair = 0; pair < 200; pair++) {
        void *one = written(8 << 20), *other = written(8 << 20);
        free(one);
        free(other);
    }
    rest();
}
