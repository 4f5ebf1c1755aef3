// Switches products in TensorFloat-32 (11 significant bits) on and off in the TensorFlow that this process has loaded already.
// Nothing of TensorFlow is needed to compile it; where its library lacks the switch, or is not loaded, `allow` returns null.
#include <dlfcn.h>
#include <node_api.h>

#include <cstddef>

namespace {

constexpr const char* kLibrary = "libtensorflow_framework.so.2";

template <typename Function>
Function find(const char* symbol) {
  void* const library = dlopen(kLibrary, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return nullptr;
  const Function found = reinterpret_cast<Function>(dlsym(library, symbol));
  dlclose(library);
  return found;
}

/** allow(allowed): returns what the library itself says afterwards, null where it cannot be asked. */
napi_value allow(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument;
  bool allowed;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok || count != 1 ||
      napi_get_value_bool(env, argument, &allowed) != napi_ok) {
    napi_throw_type_error(env, nullptr, "argument must be true or false");
    return nullptr;
  }
  // tsl::enable_tensor_float_32_execution(bool), tsl::tensor_float_32_execution_enabled()
  const auto enable = find<void (*)(bool)>("_ZN3tsl32enable_tensor_float_32_executionEb");
  const auto enabled = find<bool (*)()>("_ZN3tsl33tensor_float_32_execution_enabledEv");
  napi_value result;
  if (enable == nullptr || enabled == nullptr) {
    napi_get_null(env, &result);
    return result;
  }
  enable(allowed);
  napi_get_boolean(env, enabled(), &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "allow", NAPI_AUTO_LENGTH, allow, nullptr, &function);
  napi_set_named_property(env, exports, "allow", function);
  return exports;
}
