// Holds back what is written to stderr while the TensorFlow libraries are loaded: they log from their static constructors, before
// any log level can reach them. Knows nothing of TensorFlow, so that it can be loaded before it.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

int terminal = -1;
FILE* held = nullptr;

napi_value Close(napi_env, napi_callback_info) {
  held = std::tmpfile();
  if (held == nullptr) return nullptr;
  terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (terminal >= 0) dup2(fileno(held), STDERR_FILENO);
  return nullptr;
}

napi_value Open(napi_env env, napi_callback_info) {
  std::string text;
  if (terminal >= 0) {
    std::fflush(stderr);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    terminal = -1;
  }
  if (held != nullptr) {
    std::rewind(held);
    char piece[4096];
    for (size_t n; (n = std::fread(piece, 1, sizeof piece, held)) > 0;) text.append(piece, n);
    std::fclose(held);
    held = nullptr;
  }
  napi_value result;
  napi_create_string_utf8(env, text.data(), text.size(), &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "close", NAPI_AUTO_LENGTH, Close, nullptr, &function);
  napi_set_named_property(env, exports, "close", function);
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, Open, nullptr, &function);
  napi_set_named_property(env, exports, "open", function);
  return exports;
}
