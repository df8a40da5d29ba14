// Allocates for ever and counts its completed calls in a shared file: counter FILE [grow]. Where it grows, it writes what it allocates and
// frees half of it.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void highwater_mark(const char *text) __attribute__((weak));

int main(int count, char **arguments) {
  int file = open(arguments[1], O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, 4096)) return 1;
  volatile uint64_t *calls = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (highwater_mark) highwater_mark("begin answer=42");
  void *blocks[64] = {0};
  unsigned state = 1;
  for (;;) {
    state = state * 1664525u + 1013904223u;
    int at = (state >> 8) & 63;
    if (blocks[at]) {
      free(blocks[at]);
      blocks[at] = 0;
    } else {
      size_t size = (state >> 14) % 3000;
      blocks[at] = malloc(size);
      if (count > 2 && blocks[at]) {
        memset(blocks[at], 1, size);
        if (state & 1 << 30) blocks[at] = 0;
      }
    }
    ++*calls;
  }
}
