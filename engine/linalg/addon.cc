// Eigenvalues and eigenvectors of W^T W, and passes over the entries of W, for JavaScript. Knows nothing of TensorFlow, so that an analysis need not load it.
#include <node_api.h>

#include <climits>
#include <exception>
#include <stdexcept>
#include <string>

#include "bandReduction.h"
#include "eigen.h"
#include "entryPasses.h"
#include "interrupt.h"
#include "simd.h"

namespace {

using linalg::Matrix;

struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check(napi_status status) {
  if (status != napi_ok) throw Refused("arguments must be those of linalg.node");
}

napi_value element(napi_env env, napi_value list, uint32_t index) {
  napi_value value;
  check(napi_get_element(env, list, index, &value));
  return value;
}

int integer(napi_env env, napi_value value) {
  int32_t number;
  check(napi_get_value_int32(env, value, &number));
  return number;
}

/** Reads a typed array as a matrix of one row. */
Matrix entries(napi_env env, napi_value W) {
  napi_typedarray_type type;
  std::size_t length;
  void* data;
  check(napi_get_typedarray_info(env, W, &type, &length, &data, nullptr, nullptr));
  if (length > INT_MAX) throw Refused("length of W must be less than 2^31, got " + std::to_string(length));
  const int cols = static_cast<int>(length);
  if (type == napi_float32_array) return {static_cast<const float*>(data), nullptr, 1, cols};
  if (type == napi_float64_array) return {nullptr, static_cast<const double*>(data), 1, cols};
  throw Refused("W must be a Float32Array or a Float64Array");
}

/** Reads [W, rows, cols]. */
Matrix matrix(napi_env env, napi_value triple) {
  const Matrix all = entries(env, element(env, triple, 0));
  const int rows = integer(env, element(env, triple, 1));
  const int cols = integer(env, element(env, triple, 2));
  if (rows < 1 || cols < 1 || static_cast<std::size_t>(all.cols) != static_cast<std::size_t>(rows) * cols) {
    throw Refused("length of W must be " + std::to_string(rows) + " x " + std::to_string(cols) + ", got " + std::to_string(all.cols));
  }
  return {all.floats, all.doubles, rows, cols};
}

template <Matrix (*read)(napi_env, napi_value)>
std::vector<Matrix> each(napi_env env, napi_value list) {
  uint32_t count;
  check(napi_get_array_length(env, list, &count));
  std::vector<Matrix> matrices;
  for (uint32_t i = 0; i < count; i++) matrices.push_back(read(env, element(env, list, i)));
  return matrices;
}

napi_value float64Array(napi_env env, const std::vector<double>& values) {
  napi_value buffer;
  napi_value array;
  void* data;
  check(napi_create_arraybuffer(env, values.size() * sizeof(double), &data, &buffer));
  std::copy(values.begin(), values.end(), static_cast<double*>(data));
  check(napi_create_typedarray(env, napi_float64_array, values.size(), buffer, 0, &array));
  return array;
}

/** Returns an argument that may be left out. */
int optionalInteger(napi_env env, napi_value value, int otherwise) {
  napi_valuetype type;
  check(napi_typeof(env, value, &type));
  return type == napi_undefined ? otherwise : integer(env, value);
}

/** eigenvaluesOfEach([[W, rows, cols], ...], threads, twoStageFrom?, bandWidth?): an array of Float64Array. */
napi_value eigenvaluesOfEach(napi_env env, const napi_value* arguments) {
  const int threads = integer(env, arguments[1]);
  linalg::TwoStage twoStage;
  twoStage.from = optionalInteger(env, arguments[2], twoStage.from);
  twoStage.width = optionalInteger(env, arguments[3], twoStage.width);
  if (twoStage.width < 1 || twoStage.width % linalg::WIDEST_STRIP != 0) {
    throw Refused("width of the band must be a multiple of " + std::to_string(linalg::WIDEST_STRIP));
  }
  const auto found = linalg::eigenvaluesOfEach(each<matrix>(env, arguments[0]), threads, twoStage);
  const auto count = static_cast<uint32_t>(found.size());
  napi_value result;
  check(napi_create_array_with_length(env, count, &result));
  for (uint32_t i = 0; i < count; i++) check(napi_set_element(env, result, i, float64Array(env, found[i])));
  return result;
}

/** eigenvectors([W, rows, cols], threads): [eigenvalues, vectors]. */
napi_value eigenvectors(napi_env env, const napi_value* arguments) {
  const linalg::Eigen eigen = linalg::eigenvectors(matrix(env, arguments[0]), integer(env, arguments[1]));
  napi_value result;
  check(napi_create_array_with_length(env, 2, &result));
  check(napi_set_element(env, result, 0, float64Array(env, eigen.values)));
  check(napi_set_element(env, result, 1, float64Array(env, eigen.vectors)));
  return result;
}

double number(napi_env env, napi_value value) {
  double found;
  check(napi_get_value_double(env, value, &found));
  return found;
}

/** entrySums([W, ...], limit, threads): a Float64Array, [nonZero, above, below, fourthPowers, largestSquare] of each. */
napi_value entrySums(napi_env env, const napi_value* arguments) {
  const auto matrices = each<entries>(env, arguments[0]);
  std::vector<double> values;
  for (const auto& sums : linalg::entrySums(matrices, number(env, arguments[1]), integer(env, arguments[2]))) {
    values.insert(values.end(), {sums.nonZero, sums.above, sums.below, sums.fourthPowers, sums.largestSquare});
  }
  return float64Array(env, values);
}

/** sizesAbove([W, ...], limit, threads): a Float64Array. */
napi_value sizesAbove(napi_env env, const napi_value* arguments) {
  const auto matrices = each<entries>(env, arguments[0]);
  return float64Array(env, linalg::sizesAbove(matrices, number(env, arguments[1]), integer(env, arguments[2])));
}

constexpr std::size_t MOST_ARGUMENTS = 4;

template <napi_value (*call)(napi_env, const napi_value*)>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    std::size_t count = MOST_ARGUMENTS;
    napi_value arguments[MOST_ARGUMENTS];
    check(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
    linalg::watchSignals();
    return call(env, arguments);
  } catch (const std::range_error& error) {
    napi_throw_range_error(env, nullptr, error.what());
  } catch (const Refused& error) {
    napi_throw_range_error(env, nullptr, error.what());
  } catch (const linalg::Interrupted& error) {
    linalg::interruptTold();
    napi_throw_error(env, error.what(), "interrupted");
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "not enough memory for the eigenvalue problem");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  linalg::watchSignals();
  const auto offer = [&](const char* name, napi_callback call) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  };
  offer("eigenvaluesOfEach", guarded<eigenvaluesOfEach>);
  offer("eigenvectors", guarded<eigenvectors>);
  offer("entrySums", guarded<entrySums>);
  offer("sizesAbove", guarded<sizesAbove>);
  return exports;
}
