// An operator as TensorFlow sees it: a class with its signature, made from a node's attributes and run on its inputs.
#pragma once

#include <array>
#include <cmath>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "dense.h"
#include "tensorflowKernels.h"

namespace ops {

/** What operators compute with; null until it is chosen. */
extern const Kernels* chosenKernels;

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

inline void require(bool holds, const char* what) {
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

  /** A tensor of floats, or of int32. */
  Tensor output(const std::vector<std::int64_t>& shape, int index = 0, int type = TF_FLOAT) const {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    TF_Tensor* tensor = TF_AllocateOutput(context, index, type, shape.data(), static_cast<int>(shape.size()),
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
  /** Fills `count` values, which must be all of them. */
  void numbers(const char* name, float* values, int count) const {
    std::int32_t size = 0, total = 0;
    TF_OpKernelConstruction_GetAttrSize(construction, name, &size, &total, status.raw);
    status.check();
    require(size == count, "a list must be as long as its matrix");
    TF_OpKernelConstruction_GetAttrFloatList(construction, name, values, count, status.raw);
    status.check();
  }

 private:
  TF_OpKernelConstruction* construction;
  Status status;
};

template <std::size_t COUNT>
using Names = std::array<const char*, COUNT>;

/** How an operator updates weights: the attributes that say so. */
struct UpdateRule {
  Rule rule;
  float decay, decay2, epsilon, l2;

  explicit UpdateRule(const Attributes& attributes)
      : rule(static_cast<Rule>(attributes.integer("rule"))),
        decay(attributes.number("decay")),
        decay2(attributes.number("decay2")),
        epsilon(attributes.number("epsilon")),
        l2(attributes.number("l2")) {
    require(rule >= Rule::sgd && rule <= Rule::adam, "rule must be one of those of simd.h");
    const int slots = rule == Rule::sgd ? 0 : rule == Rule::momentum || rule == Rule::nesterov ? 2 : 4;
    require(attributes.integer("slot_count") == slots, "slots must be as many as the rule keeps of W and of b");
  }

  /** The numbers of one update, for the learning rate and the number of the step. */
  UpdateScalars scalars(float rate, float step) const {
    if (rule == Rule::adam) rate *= std::sqrt(1 - std::pow(decay2, step)) / (1 - std::pow(decay, step));
    return {rate, decay, decay2, epsilon, l2};
  }
};

/** Weights and biases of a layer with their slots, which are the inputs from `first` on: those of the weights before those of the biases. */
class TrainedLayer {
 public:
  Trained weights;
  Trained biases;

  TrainedLayer(const Call& call, const Tensor& W, const Tensor& b, int first)
      : weights{W.values<float>(), {}}, biases{b.values<float>(), {}} {
    const int ofEach = (call.inputs() - first) / 2;
    for (int i = 0; i < 2 * ofEach; i++) {
      slots.push_back(call.input(first + i));
      const bool ofW = i < ofEach;
      require(slots.back().size() == (ofW ? W : b).size(), "slots must have the shape of what they belong to");
      (ofW ? weights : biases).slots[i % ofEach] = slots.back().values<float>();
    }
  }

 private:
  std::vector<Tensor> slots;
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
    require(chosenKernels != nullptr, "instructions must be chosen before an operator runs");
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

}  // namespace ops
