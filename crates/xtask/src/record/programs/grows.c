// Allocates and writes for ever, until a limit ends it: grows.
#include <stdlib.h>
#include <string.h>

int main(void) {
  for (;;) {
    char *block = malloc(5000);
    memset(block, 1, 5000); // At the limit this is the null pointer, and the process ends by a signal.
    free(malloc(100));
  }
}
