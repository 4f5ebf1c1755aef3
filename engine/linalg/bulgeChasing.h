#pragma once

#include "bandReduction.h"
#include "tridiagonalize.h"

namespace linalg {

/**
 * Returns a tridiagonal matrix with the eigenvalues of a band matrix, which is overwritten. The entries of each column are reflected
 * onto the one below the diagonal and the bulge that this makes is chased down the band, of which only the first column is removed each
 * time (Lang 1993). Sweeps follow each other down the band, several to a thread; each operation meets the same numbers whatever the
 * number of threads.
 */
Tridiagonal chaseBulges(Band& band, int threads);

}  // namespace linalg
