/* SPDX-License-Identifier: ISC */
/* Pseudo-random numbers, the same in every run, so that a failure repeats. */
#ifndef DRAW_HELP_H
#define DRAW_HELP_H

#include <stdint.h>

uint32_t draw(uint32_t below);

#endif
