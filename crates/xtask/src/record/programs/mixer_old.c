// The program of threads, for any C library since 2.2.5: it begins by itself and asks for the oldest versions of functions.
__asm__(".symver pthread_create,pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join,pthread_join@GLIBC_2.2.5");
__asm__(".symver __libc_start_main,__libc_start_main@GLIBC_2.2.5");

#include "../../../../record/tests/programs/mixer.c"

int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

static void nothing(void) {}

__attribute__((used)) static void begin(long *stack) {
  __libc_start_main(main, stack[0], (char **)(stack + 1), nothing, nothing, 0, stack);
}

__asm__(".globl _start\n_start: xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall begin\nhlt");
