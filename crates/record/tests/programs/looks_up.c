// Calls the allocator by addresses that it looks up in the C library alone, in each way: looks_up HANDLE. With the path of a
// library it opens that with RTLD_DEEPBIND, and calls its function: looks_up LIBRARY.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  if (count > 1) {
    void *opened = dlopen(arguments[1], RTLD_NOW | RTLD_DEEPBIND);
    if (!opened) { puts(dlerror()); return 1; }
    void (*use)(void) = (void (*)(void))dlsym(opened, "use");
    use();
    puts("used");
    return 0;
  }
  void *libc = dlopen("libc.so.6", RTLD_LAZY);
  void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(libc, "malloc");
  void (*release)(void *) = (void (*)(void *))dlsym(libc, "free");
  int (*trim)(size_t) = (int (*)(size_t))dlsym(libc, "malloc_trim");
#ifdef __x86_64__
  void *(*clear)(size_t, size_t) = (void *(*)(size_t, size_t))dlvsym(libc, "calloc", "GLIBC_2.2.5");
#else
  void *(*clear)(size_t, size_t) = (void *(*)(size_t, size_t))dlvsym(libc, "calloc", "GLIBC_2.17");
#endif
  void *blocks[100];
  for (int at = 0; at < 100; at++) blocks[at] = at % 2 ? allocate(777) : clear(1, 777);
  for (int at = 0; at < 100; at++) release(blocks[at]);
  trim(0);
  // What is no function of an allocator, and what is not there, is found and missed as ever.
  size_t (*length)(const char *) = (size_t (*)(const char *))dlsym(libc, "strlen");
  printf("%zu %d %d\n", length("four"), dlsym(libc, "no_such_name") == 0, dlerror() != 0);
  return 0;
}
