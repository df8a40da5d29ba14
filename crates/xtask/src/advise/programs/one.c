/* Allocates one block and rests. */
#include "rest.h"

int main(void)
{
    rest();
    written(24);
    rest();
    _exit(0);
}
