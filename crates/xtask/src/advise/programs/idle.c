/* Allocates nothing and rests. */
#include "rest.h"

int main(void)
{
    rest();
    _exit(0);
}
