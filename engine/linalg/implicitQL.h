#pragma once

#include <functional>
#include <vector>

namespace linalg {

/** An eigenvalue needs 1 to 3 sweeps; 60 without convergence mean that the input was not finite. */
constexpr int MAX_SWEEPS = 60;

/** Rotations i = last .. first of one sweep, given as cosines and sines at [offset + i]. */
struct Sweep {
  int first;
  int last;
  std::size_t offset;
};

/** Whole sweeps, applied together: a large matrix then goes through memory once for all of them. */
struct Rotations {
  std::vector<double> cosines;
  std::vector<double> sines;
  std::vector<Sweep> sweeps;
};

/**
 * Turns `d` into the eigenvalues, unsorted, of the symmetric tridiagonal matrix with diagonal `d` and off-diagonal `e` (entry i
 * couples i-1 and i; overwritten) by the implicit QL method. `apply` gets the rotations whose product is the matrix of eigenvectors, in
 * order and some sweeps at a time. Throws std::runtime_error where an eigenvalue does not converge.
 */
void implicitQL(std::vector<double>& d, std::vector<double>& e, const std::function<void(const Rotations&)>& apply);

}  // namespace linalg
