// Allocates from known places, and with frame pointers that lead nowhere: chains ROUNDS.
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static void *volatile kept;

__attribute__((noinline)) static void innermost(size_t size) {
  kept = malloc(size);
  free(kept);
}

__attribute__((noinline)) static void by_one_way(size_t size) {
  innermost(size);
  kept = 0;
}

__attribute__((noinline)) static void by_another_way(size_t size) {
  innermost(size);
  kept = 0;
}

__attribute__((noinline)) static void deep(int levels, size_t size) {
  if (levels > 0) deep(levels - 1, size);
  else innermost(size);
  kept = 0;
}

// Calls malloc with this frame pointer.
#if defined(__x86_64__)
void *with_frame(size_t size, uintptr_t frame);
__asm__(
    ".text\n.type with_frame, @function\nwith_frame:\n"
    "push %rbp\nmov %rsi, %rbp\ncall malloc@PLT\npop %rbp\nret\n.size with_frame, .-with_frame\n");
#else
static void *with_frame(size_t size, uintptr_t frame) { return malloc(size); }
#endif

__attribute__((noinline)) static void broken(size_t size) {
  uintptr_t frames[8] = {0};
  uintptr_t self = (uintptr_t)&frames[2], *heap = malloc(64);
  // A hole where memory has been.
  char *hole = mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(hole, 1 << 16);
  memset(heap, 0x41, 64);
  uintptr_t next[] = {0,    1,    -1,   -7,   -8, -16, self, self + 1, self - 16, self + 8, (uintptr_t)heap,
                      (uintptr_t)hole, (uintptr_t)hole + 65528, (uintptr_t)__builtin_thread_pointer(),
                      (uintptr_t)__builtin_thread_pointer() - 8, (uintptr_t)__builtin_thread_pointer() - 16,
                      0x7fffffffe000, 0x7ffffffff000, 0x8000000000000000};
  for (size_t at = 0; at < sizeof next / sizeof *next; at++) {
    free(with_frame(size, next[at]));
    // A frame of this stack whose caller's is none; its place is no code, then code.
    frames[2] = next[at];
    frames[3] = (uintptr_t)heap + at;
    free(with_frame(size, self));
    frames[3] = (uintptr_t)&broken + 1;
    free(with_frame(size, self));
  }
  free(heap);
}

static int rounds;

static void *in_thread(void *size) {
  for (int round = 0; round < rounds; round++) broken((size_t)size);
  by_one_way((size_t)size);
  return 0;
}

static ucontext_t first, second;

static void in_coroutine(void) {
  broken(3001);
  by_one_way(3002);
}

static void on_other_stack(int signal) {
  by_one_way(4001);
}

int main(int count, char **arguments) {
  rounds = atoi(arguments[1]);
  for (int round = 0; round < rounds; round++) {
    by_one_way(1001);
    by_another_way(1002);
    deep(20, 1003);
  }
  in_thread((void *)1004);
  for (size_t generation = 0; generation < 3; generation++) {
    pthread_t threads[8];
    for (size_t thread = 0; thread < 8; thread++) pthread_create(&threads[thread], 0, in_thread, (void *)2001);
    for (size_t thread = 0; thread < 8; thread++) pthread_join(threads[thread], 0);
  }
  size_t length = 1 << 18;
  char *stack = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int turn = 0; turn < 200; turn++) {
    getcontext(&second);
    second.uc_stack.ss_sp = stack;
    second.uc_stack.ss_size = length;
    second.uc_link = &first;
    makecontext(&second, in_coroutine, 0);
    swapcontext(&first, &second);
  }
  munmap(stack, length);
  stack_t other = {.ss_sp = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = length};
  sigaltstack(&other, 0);
  struct sigaction action = {.sa_handler = on_other_stack, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &action, 0);
  raise(SIGUSR1);
  by_one_way(1001);
  puts("done");
  return 0;
}
