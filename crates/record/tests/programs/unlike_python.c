// Looks like an interpreter of Python from outside, and is none that is known: what it seems to have must not be read.
#include <stdio.h>
#include <stdlib.h>

// Where a thread's state would be, if it were Python's.
void *PyGILState_GetThisThreadState(void) { return (void *)0x1000; }
int _Py_IsFinalizing(void) { return 0; }

struct type {
  long count;
  void *type;
  long size;
  const char *name;
  long bytes[60];
};
struct type PyFrame_Type = {1, 0, 0, "frame", {120}};
struct type PyUnicode_Type = {1, 0, 0, "str", {64}};

#ifdef LATER
const unsigned long Py_Version = 0x040506f0;
struct type PyCode_Type = {1, 0, 0, "code", {192}};
#endif
#ifdef CANDIDATE
const unsigned long Py_Version = 0x030c00c1;
struct type PyCode_Type = {1, 0, 0, "code", {192}};
#endif
#ifdef OTHER_SIZE
const unsigned long Py_Version = 0x030c01f0;
struct type PyCode_Type = {1, 0, 0, "code", {200}};
#endif
#ifdef OTHER_HEADER
// As a build that traces references has it.
const unsigned long Py_Version = 0x030c01f0;
struct longer { void *next, *previous; struct type type; } PyCode_Type = {0, 0, {1, 0, 0, "code", {192}}};
#endif
#ifdef DEBUGGED
const unsigned long Py_Version = 0x030c01f0;
struct type PyCode_Type = {1, 0, 0, "code", {192}};
void _Py_NegativeRefcount(void) {}
#endif
#ifdef OTHER_OFFSETS
const unsigned long Py_Version = 0x030d00f0;
struct type PyCode_Type = {1, 0, 0, "code", {200}};
struct { char cookie[8]; long numbers[100]; } _PyRuntime = {"xdebugpy"};
#endif
#ifdef OTHER_TEXT
struct type PyCode_Type = {1, 0, 0, "code", {176}};
const char *Py_GetVersion(void) { return "3.9.1rc1 (default) [GCC]"; }
#endif

int main(void) {
  for (int i = 0; i < 100; i++) free(malloc(1001));
  puts("done");
}
