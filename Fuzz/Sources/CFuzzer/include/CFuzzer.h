#ifndef TWIN_CFUZZER_H
#define TWIN_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop: calls `target` with inputs that it makes from the corpus, until one crashes or time is up.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *data, size_t size));

#endif
