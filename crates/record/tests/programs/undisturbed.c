// Prints what a recorder must not change: addresses, errno, descriptors, and its exit status.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  char *begin = sbrk(0);
  errno = 77;
  free(malloc(10));
  int kept = errno;
  int none = malloc((size_t)-1 / 2) == 0 && errno == ENOMEM;
  int refused = posix_memalign((void **)&begin, 3, 8);
  void *blocks[64] = {0};
  unsigned state = 7;
  unsigned long sum = 5381;
  for (int round = 0; round < 40000; round++) {
    state = state * 1664525u + 1013904223u;
    int at = (state >> 8) & 63;
    size_t size = (state >> 14) % 3000;
    if (!(state & 127)) size *= 200;
    free(blocks[at]);
    blocks[at] = malloc(size);
    unsigned long place = (unsigned long)blocks[at];
    // The kernel places the C library's mappings elsewhere once there is one library more.
    sum = sum * 33 + (place > 0x700000000000ul ? place & 4095 : place);
  }
  printf("heap %p sum %lx errno %d %d %d descriptors", (void *)begin, sum, kept, none, refused);
  DIR *folder = opendir("/proc/self/fd");
  for (struct dirent *entry; (entry = readdir(folder));) printf(" %s", entry->d_name);
  printf(" next %d\n", open("/dev/null", O_RDONLY));
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  malloc_trim(4096);
  return 9;
}
