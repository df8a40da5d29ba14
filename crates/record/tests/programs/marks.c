// Marks whose texts are no single line.
#include <stdlib.h>

void highwater_mark(const char *text) __attribute__((weak));

int main(void) {
  if (!highwater_mark) return 0;
  highwater_mark("two\nlines\tand\033[31m more");
  highwater_mark(" blanks around \n");
  highwater_mark("");
  highwater_mark("\n");
  return 0;
}
