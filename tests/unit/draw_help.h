/* SPDX-License-Identifier: ISC */
/* Numbers as if drawn by lot, the same in every run, so that a failure repeats. */
#ifndef DRAW_HELP_H
#define DRAW_HELP_H

#include <stdint.h>

uint32_t draw(uint32_t below);

#endif
