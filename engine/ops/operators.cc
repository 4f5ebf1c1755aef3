// The operators as TensorFlow sees them. Those that train change their inputs: on a CPU, ReadVariableOp gives the very storage of a
// variable, and the graph (src/train) lets them run when nothing else still reads it.
#include "operators.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dense.h"
#include "kernelCall.h"
#include "pool.h"

namespace ops {

const Kernels* chosenKernels = nullptr;

namespace {

DenseShape denseShape(const Tensor& x, const Tensor& W, const Tensor& b, bool relu) {
  require(x.rank() == 2 && W.rank() == 2 && x.dim(1) == W.dim(0) && b.size() == W.dim(1),
          "x, W and b must be batch x inputs, inputs x outputs and outputs");
  return {static_cast<int>(x.dim(0)), static_cast<int>(x.dim(1)), static_cast<int>(W.dim(1)), relu};
}

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
    denseForward(*chosenKernels, shape, x.values<float>(), W.values<float>(), b.values<float>(), y.values<float>());
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
  UpdateRule rule;

  explicit DenseTraining(const Attributes& attributes)
      : relu(attributes.flag("relu")), needInput(attributes.flag("need_input")), rule(attributes) {}

  void run(const Call& call) const {
    const Tensor dy = call.input(0), y = call.input(1), x = call.input(2), W = call.input(3), b = call.input(4);
    const DenseShape shape = denseShape(x, W, b, relu);
    const std::int64_t count = static_cast<std::int64_t>(shape.batch) * shape.outputs;
    require(dy.size() == count && y.size() == count, "y and its gradient must be batch x outputs");
    const TrainedLayer layer(call, W, b, FIRST_SLOT);
    const UpdateScalars scalars = rule.scalars(*call.input(5).values<float>(), *call.input(6).values<float>());
    const Tensor dx = needInput ? call.output({shape.batch, shape.inputs}) : call.output({0});
    denseBackward(*chosenKernels, shape, dy.values<float>(), y.values<float>(), x.values<float>(), layer.weights,
                  layer.biases, rule.rule, scalars, needInput ? dx.values<float>() : nullptr);
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
        if (divisor != 0) chosenKernels->divide(from, size, divisor, to);
        else chosenKernels->standardize(from, size, scaling[0].values<float>()[image], scaling[1].values<float>()[image], to);
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

}  // namespace

void registerOperators() {
  registerOperator<Dense>();
  registerOperator<DenseTraining>();
  registerOperator<Images>();
  registerOperator<CrossEntropy>();
  registerConvolutions();
}

void useKernels(const Kernels& kernels) { chosenKernels = &kernels; }

}  // namespace ops
