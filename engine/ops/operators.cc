// The operators as TensorFlow sees them. Those that train change their inputs: on a CPU, ReadVariableOp gives the very storage of a
// variable, and the graph (src/train) lets them run when nothing else still reads it.
#include "operators.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "dense.h"
#include "pool.h"
#include "tensorflowKernels.h"

namespace ops {
namespace {

const Kernels* chosen = nullptr;

struct Status {
  TF_Status* raw = TF_NewStatus();
  Status() = default;
  Status(const Status&) = delete;
  ~Status() { TF_DeleteStatus(raw); }
  void check() const {
    if (TF_GetCode(raw) != TF_OK) throw std::runtime_error(TF_Message(raw));
  }
};

class Tensor {
 public:
  explicit Tensor(TF_Tensor* raw) : raw(raw) {}
  Tensor(const Tensor&) = delete;
  Tensor(Tensor&& other) noexcept : raw(other.raw) { other.raw = nullptr; }
  ~Tensor() {
    if (raw != nullptr) TF_DeleteTensor(raw);
  }
  int rank() const { return TF_NumDims(raw); }
  std::int64_t dim(int index) const { return TF_Dim(raw, index); }
  std::int64_t size() const {
    std::int64_t count = 1;
    for (int i = 0; i < rank(); i++) count *= dim(i);
    return count;
  }
  template <typename Value>
  Value* values() const {
    return static_cast<Value*>(TF_TensorData(raw));
  }

 private:
  TF_Tensor* raw;
};

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

/** One run of a kernel. */
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context(context) {}

  Tensor input(int index) const {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context, index, &tensor, status.raw);
    status.check();
    return Tensor(tensor);
  }

  int inputs() const { return TF_NumInputs(context); }

  Tensor output(const std::vector<std::int64_t>& shape, int index = 0) const {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    TF_Tensor* tensor = TF_AllocateOutput(context, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                          count * sizeof(float), status.raw);
    status.check();
    return Tensor(tensor);
  }

 private:
  TF_OpKernelContext* context;
  Status status;
};

/** The attributes of a node. */
class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction* construction) : construction(construction) {}

  bool flag(const char* name) const {
    unsigned char value = 0;
    TF_OpKernelConstruction_GetAttrBool(construction, name, &value, status.raw);
    status.check();
    return value != 0;
  }
  int integer(const char* name) const {
    std::int32_t value = 0;
    TF_OpKernelConstruction_GetAttrInt32(construction, name, &value, status.raw);
    status.check();
    return value;
  }
  float number(const char* name) const {
    float value = 0;
    TF_OpKernelConstruction_GetAttrFloat(construction, name, &value, status.raw);
    status.check();
    return value;
  }

 private:
  TF_OpKernelConstruction* construction;
  Status status;
};

DenseShape denseShape(const Tensor& x, const Tensor& W, const Tensor& b, bool relu) {
  require(x.rank() == 2 && W.rank() == 2 && x.dim(1) == W.dim(0) && b.size() == W.dim(1),
          "x, W and b must be batch x inputs, inputs x outputs and outputs");
  return {static_cast<int>(x.dim(0)), static_cast<int>(x.dim(1)), static_cast<int>(W.dim(1)), relu};
}

template <std::size_t COUNT>
using Names = std::array<const char*, COUNT>;

/** y = f(x W + b). */
struct Dense {
  static constexpr const char* name = "PhasewatchDense";
  static constexpr bool stateful = false;
  static constexpr Names<3> inputs = {"x: float", "kernel: float", "bias: float"};
  static constexpr Names<1> outputs = {"y: float"};
  static constexpr Names<1> attributes = {"relu: bool"};

  bool relu;

  explicit Dense(const Attributes& attributes) : relu(attributes.flag("relu")) {}

  void run(const Call& call) const {
    const Tensor x = call.input(0), W = call.input(1), b = call.input(2);
    const DenseShape shape = denseShape(x, W, b, relu);
    const Tensor y = call.output({shape.batch, shape.outputs});
    denseForward(*chosen, shape, x.values<float>(), W.values<float>(), b.values<float>(), y.values<float>());
  }
};

/** Backward through Dense: the gradient of x, if asked for, and W, b and their slots updated in place. */
struct DenseTraining {
  static constexpr const char* name = "PhasewatchDenseTraining";
  static constexpr bool stateful = true;
  static constexpr Names<8> inputs = {"gradient: float", "y: float",           "x: float",           "kernel: float",
                                           "bias: float",     "rate: float", "step: float", "slots: slot_count * float"};
  static constexpr Names<1> outputs = {"input_gradient: float"};
  static constexpr Names<8> attributes = {"slot_count: int >= 0", "relu: bool",     "need_input: bool", "rule: int",
                                               "decay: float",         "decay2: float", "epsilon: float",   "l2: float"};
  static constexpr int FIRST_SLOT = 7;

  bool relu;
  bool needInput;
  Rule rule;
  float decay, decay2, epsilon, l2;

  explicit DenseTraining(const Attributes& attributes)
      : relu(attributes.flag("relu")),
        needInput(attributes.flag("need_input")),
        rule(static_cast<Rule>(attributes.integer("rule"))),
        decay(attributes.number("decay")),
        decay2(attributes.number("decay2")),
        epsilon(attributes.number("epsilon")),
        l2(attributes.number("l2")) {
    require(rule >= Rule::sgd && rule <= Rule::adam, "rule must be one of those of simd.h");
    const int slots = rule == Rule::sgd ? 0 : rule == Rule::momentum || rule == Rule::nesterov ? 2 : 4;
    require(attributes.integer("slot_count") == slots, "slots must be as many as the rule keeps of W and of b");
  }

  void run(const Call& call) const {
    const Tensor dy = call.input(0), y = call.input(1), x = call.input(2), W = call.input(3), b = call.input(4);
    const DenseShape shape = denseShape(x, W, b, relu);
    const std::int64_t count = static_cast<std::int64_t>(shape.batch) * shape.outputs;
    require(dy.size() == count && y.size() == count, "y and its gradient must be batch x outputs");
    Trained weights{W.values<float>(), {}};
    Trained biases{b.values<float>(), {}};
    std::vector<Tensor> slots;
    const int ofEach = (call.inputs() - FIRST_SLOT) / 2;
    for (int i = 0; i < 2 * ofEach; i++) {
      slots.push_back(call.input(FIRST_SLOT + i));
      const bool ofW = i < ofEach;
      require(slots.back().size() == (ofW ? W : b).size(), "slots must have the shape of what they belong to");
      (ofW ? weights : biases).slots[i % ofEach] = slots.back().values<float>();
    }
    const float step = *call.input(6).values<float>();
    float rate = *call.input(5).values<float>();
    if (rule == Rule::adam) rate *= std::sqrt(1 - std::pow(decay2, step)) / (1 - std::pow(decay, step));
    const Tensor dx = needInput ? call.output({shape.batch, shape.inputs}) : call.output({0});
    denseBackward(*chosen, shape, dy.values<float>(), y.values<float>(), x.values<float>(), weights, biases, rule,
                  {rate, decay, decay2, epsilon, l2}, needInput ? dx.values<float>() : nullptr);
  }
};

/** Images of a batch as numbers: bytes * scale - offset of each, or bytes / divisor where that is not 0. */
struct Images {
  static constexpr const char* name = "PhasewatchImages";
  static constexpr bool stateful = false;
  static constexpr Names<1> outputs = {"images: float"};
  static constexpr Names<4> inputs = {"bytes: uint8", "indices: int32", "scale: scale_count * float",
                                           "offset: scale_count * float"};
  static constexpr Names<2> attributes = {"scale_count: int >= 0", "divisor: float"};

  float divisor;

  explicit Images(const Attributes& attributes) : divisor(attributes.number("divisor")) {
    require(attributes.integer("scale_count") == (divisor == 0 ? 1 : 0), "images must have a divisor or scales");
  }

  void run(const Call& call) const {
    const Tensor bytes = call.input(0), indices = call.input(1);
    require(bytes.rank() >= 1, "bytes must have a dimension for the images");
    std::vector<std::int64_t> shape;
    std::ptrdiff_t size = 1;
    for (int i = 1; i < bytes.rank(); i++) size *= bytes.dim(i);
    shape.push_back(indices.size());
    for (int i = 1; i < bytes.rank(); i++) shape.push_back(bytes.dim(i));
    const Tensor images = call.output(shape);
    const std::int32_t* const chosenImages = indices.values<std::int32_t>();
    const std::int64_t count = bytes.dim(0);
    for (std::int64_t i = 0; i < indices.size(); i++) {
      require(chosenImages[i] >= 0 && chosenImages[i] < count, "indices must be those of images");
    }
    std::vector<Tensor> scaling;
    for (int i = 2; i < call.inputs(); i++) scaling.push_back(call.input(i));
    for (const Tensor& of : scaling) require(of.size() == count, "scale and offset must be as many as the images");
    const int tasks = static_cast<int>((indices.size() + IMAGES_OF_TASK - 1) / IMAGES_OF_TASK);
    Workspace().parallel(tasks, [&](int task, int) {
      const std::int64_t end = std::min<std::int64_t>(indices.size(), static_cast<std::int64_t>(task + 1) * IMAGES_OF_TASK);
      for (std::int64_t i = static_cast<std::int64_t>(task) * IMAGES_OF_TASK; i < end; i++) {
        const std::int32_t image = chosenImages[i];
        const unsigned char* const from = bytes.values<unsigned char>() + image * size;
        float* const to = images.values<float>() + i * size;
        if (divisor != 0) chosen->divide(from, size, divisor, to);
        else chosen->standardize(from, size, scaling[0].values<float>()[image], scaling[1].values<float>()[image], to);
      }
    });
  }

 private:
  static constexpr int IMAGES_OF_TASK = 16;
};

/** Of softmax(logits): the sum over the images of -log p(label), how many labels are the largest logit, and the gradient of the mean. */
struct CrossEntropy {
  static constexpr const char* name = "PhasewatchCrossEntropy";
  static constexpr bool stateful = false;
  static constexpr Names<2> inputs = {"logits: float", "labels: int32"};
  static constexpr Names<3> outputs = {"total: float", "correct: float", "gradient: float"};
  static constexpr Names<0> attributes = {};

  explicit CrossEntropy(const Attributes&) {}

  void run(const Call& call) const {
    const Tensor logits = call.input(0), labels = call.input(1);
    require(logits.rank() == 2 && labels.size() == logits.dim(0), "logits and labels must be batch x classes and batch");
    const std::int64_t batch = logits.dim(0), classes = logits.dim(1);
    const Tensor total = call.output({}), correct = call.output({}, 1), gradient = call.output({batch, classes}, 2);
    double sum = 0;
    int hits = 0;
    for (std::int64_t i = 0; i < batch; i++) {
      const std::int32_t label = labels.values<std::int32_t>()[i];
      require(label >= 0 && label < classes, "labels must be below the number of classes");
      const float* const z = logits.values<float>() + i * classes;
      float* const d = gradient.values<float>() + i * classes;
      const std::int64_t largest = std::max_element(z, z + classes) - z;
      float exponentials = 0;
      for (std::int64_t c = 0; c < classes; c++) exponentials += d[c] = std::exp(z[c] - z[largest]);
      sum += std::log(exponentials) - (z[label] - z[largest]);
      hits += largest == label;
      const float scale = 1 / (exponentials * static_cast<float>(batch));
      for (std::int64_t c = 0; c < classes; c++) d[c] *= scale;
      d[label] -= 1 / static_cast<float>(batch);
    }
    *total.values<float>() = static_cast<float>(sum);
    *correct.values<float>() = static_cast<float>(hits);
  }
};

template <typename Operator>
void* create(TF_OpKernelConstruction* construction) {
  try {
    return new Operator(Attributes(construction));
  } catch (const std::exception& error) {
    const Status status;
    TF_SetStatus(status.raw, TF_INVALID_ARGUMENT, error.what());
    TF_OpKernelConstruction_Failure(construction, status.raw);
    return nullptr;
  }
}

template <typename Operator>
void compute(void* op, TF_OpKernelContext* context) {
  try {
    require(chosen != nullptr, "instructions must be chosen before an operator runs");
    static_cast<const Operator*>(op)->run(Call(context));
  } catch (const std::exception& error) {
    const Status status;
    TF_SetStatus(status.raw, TF_INVALID_ARGUMENT, (std::string(Operator::name) + ": " + error.what()).c_str());
    TF_OpKernelContext_Failure(context, status.raw);
  }
}

template <typename Operator>
void destroy(void* op) {
  delete static_cast<Operator*>(op);
}

template <typename Operator>
void registerOperator() {
  const Status status;
  TF_OpDefinitionBuilder* const definition = TF_NewOpDefinitionBuilder(Operator::name);
  for (const char* input : Operator::inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* attribute : Operator::attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  for (const char* output : Operator::outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  TF_OpDefinitionBuilderSetIsStateful(definition, Operator::stateful);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(definition, status.raw);
  status.check();
  TF_KernelBuilder* const kernel = TF_NewKernelBuilder(Operator::name, "CPU", create<Operator>, compute<Operator>,
                                                       destroy<Operator>);
  TF_RegisterKernelBuilder(Operator::name, kernel, status.raw);
  status.check();
}

}  // namespace

void registerOperators() {
  registerOperator<Dense>();
  registerOperator<DenseTraining>();
  registerOperator<Images>();
  registerOperator<CrossEntropy>();
}

void useKernels(const Kernels& kernels) { chosen = &kernels; }

}  // namespace ops
