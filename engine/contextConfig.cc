// Gives TensorFlow's context a configuration. tfjs-node's binding makes the context when it is loaded, and without one. This module is
// loaded before it, with its symbols visible to all (RTLD_GLOBAL), so that the binding finds its TFE_NewContext here; the library's own
// is called from it. Nothing of TensorFlow is needed to compile it.
#include <dlfcn.h>
#include <node_api.h>

#include <string>

extern "C" {
struct TFE_Context;
struct TFE_ContextOptions;
struct TF_Status;
}

namespace {

std::string configuration;
enum class Outcome { kUnasked, kTaken, kRefused } outcome = Outcome::kUnasked;

template <typename Function>
Function find(const char* symbol) {
  for (const char* library : {"libtensorflow_cc.so.2", "libtensorflow.so.2"}) {
    void* const handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) continue;
    const Function found = reinterpret_cast<Function>(dlsym(handle, symbol));
    dlclose(handle);
    if (found != nullptr) return found;
  }
  return nullptr;
}

/** Returns whether TensorFlow took the configuration; the status is as it was before. */
bool configure(TFE_ContextOptions* options) {
  const auto set = find<void (*)(TFE_ContextOptions*, const void*, std::size_t, TF_Status*)>("TFE_ContextOptionsSetConfig");
  const auto new_status = find<TF_Status* (*)()>("TF_NewStatus");
  const auto delete_status = find<void (*)(TF_Status*)>("TF_DeleteStatus");
  const auto code = find<int (*)(const TF_Status*)>("TF_GetCode");
  if (set == nullptr || new_status == nullptr || delete_status == nullptr || code == nullptr) return false;
  TF_Status* const status = new_status();
  set(options, configuration.data(), configuration.size(), status);
  const bool taken = code(status) == 0;
  delete_status(status);
  return taken;
}

/** set(bytes): the ConfigProto of the context that the binding makes next. */
napi_value set(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument;
  napi_typedarray_type type;
  std::size_t length;
  void* data;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok || count != 1 ||
      napi_get_typedarray_info(env, argument, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    napi_throw_type_error(env, nullptr, "argument must be bytes");
    return nullptr;
  }
  configuration.assign(static_cast<const char*>(data), length);
  return nullptr;
}

/** taken(): whether TensorFlow took the configuration; null where the binding did not ask here for its context. */
napi_value taken(napi_env env, napi_callback_info) {
  napi_value result;
  if (outcome == Outcome::kUnasked) napi_get_null(env, &result);
  else napi_get_boolean(env, outcome == Outcome::kTaken, &result);
  return result;
}

}  // namespace

extern "C" TFE_Context* TFE_NewContext(const TFE_ContextOptions* options, TF_Status* status) {
  if (!configuration.empty()) {
    outcome = configure(const_cast<TFE_ContextOptions*>(options)) ? Outcome::kTaken : Outcome::kRefused;
  }
  const auto make = find<TFE_Context* (*)(const TFE_ContextOptions*, TF_Status*)>("TFE_NewContext");
  return make == nullptr ? nullptr : make(options, status);
}

NAPI_MODULE_INIT() {
  const auto add = [&](const char* name, napi_callback callback) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  };
  add("set", set);
  add("taken", taken);
  return exports;
}
