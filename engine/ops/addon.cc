// Brings the fused operators into TensorFlow, which must have been loaded before.
#include <node_api.h>

#include <exception>
#include <string>

#include "operators.h"
#include "pool.h"

namespace {

/**
 * use(instructions, threads): lets the operators compute with `avx512`, `avx2` or, for null, the best of this processor. Returns which,
 * or null where it has none of them; the operators must not be used then.
 */
napi_value use(napi_env env, napi_callback_info info) {
  std::size_t count = 2;
  napi_value arguments[2];
  int32_t threads;
  napi_valuetype type;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 2 ||
      napi_typeof(env, arguments[0], &type) != napi_ok || napi_get_value_int32(env, arguments[1], &threads) != napi_ok) {
    napi_throw_type_error(env, nullptr, "arguments must be instructions and threads");
    return nullptr;
  }
  char name[16] = "";
  std::size_t length;
  if (type == napi_string) napi_get_value_string_utf8(env, arguments[0], name, sizeof name, &length);
  const ops::Kernels* const kernels = ops::findKernels(type == napi_string ? name : nullptr);
  napi_value result;
  if (kernels == nullptr) {
    napi_get_null(env, &result);
    return result;
  }
  ops::useKernels(*kernels);
  ops::setThreads(threads);
  napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  try {
    static const bool registered = (ops::registerOperators(), true);
    (void)registered;
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
  napi_value function;
  napi_create_function(env, "use", NAPI_AUTO_LENGTH, use, nullptr, &function);
  napi_set_named_property(env, exports, "use", function);
  return exports;
}
