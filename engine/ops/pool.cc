#include "pool.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace ops {
namespace {

/** Looks for work, or for the end of the last task, so often (some 20 microseconds) before it offers its core to other threads. */
constexpr int SPINS = 400;
/** Offers it so often before it sleeps: to wake up would cost more than what lies between two operators of a step. */
constexpr int YIELDS = 400;

void wait(int looks) {
  if (looks >= SPINS) sched_yield();
#if defined(__x86_64__)
  else __builtin_ia32_pause();
#endif
}

struct Job {
  const std::function<void(int, int)>* task = nullptr;
  std::atomic<int> done{0};
};

/**
 * Number of the job, count and index of its next task in one word: a thread that comes late can neither take a task of the next job
 * by mistake nor one twice.
 */
struct Ticket {
  std::uint32_t job;
  std::uint16_t count;
  std::uint16_t index;
};

std::uint64_t pack(Ticket t) {
  return (static_cast<std::uint64_t>(t.job) << 32) | (static_cast<std::uint32_t>(t.count) << 16) | t.index;
}

Ticket unpack(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint16_t>(word >> 16),
          static_cast<std::uint16_t>(word)};
}

struct Pool {
  std::mutex owner;
  std::atomic<int> threads{1};
  int started = 1;
  Job job;
  std::atomic<std::uint64_t> ticket{0};
  std::atomic<int> asleep{0};
  std::mutex sleeping;
  std::condition_variable wake;
  std::vector<void*> blocks;
  std::vector<std::size_t> sizes;

  void work(int lane) {
    for (;;) {
      std::uint64_t word = ticket.load(std::memory_order_acquire);
      const Ticket next = unpack(word);
      if (next.index >= next.count) return;
      if (!ticket.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel)) continue;
      (*job.task)(next.index, lane);
      job.done.fetch_add(1, std::memory_order_release);
    }
  }

  void serve(int lane) {
    for (;;) {
      const auto idle = [&] {
        const Ticket next = unpack(ticket.load(std::memory_order_seq_cst));
        return next.index >= next.count || lane >= threads;
      };
      for (int looks = 0; idle() && looks < SPINS + YIELDS; looks++) wait(looks);
      if (idle()) {
        std::unique_lock<std::mutex> lock(sleeping);
        asleep.fetch_add(1, std::memory_order_seq_cst);
        wake.wait(lock, [&] { return !idle(); });
        asleep.fetch_sub(1, std::memory_order_seq_cst);
      }
      work(lane);
    }
  }

  void start() {
    try {
      for (; started < threads; started++) std::thread([this, lane = started] { serve(lane); }).detach();
    } catch (const std::system_error&) {
      // Fewer threads than asked for: those that started do the work.
    }
  }
};

/** Never destroyed: its threads may look at it until the process has ended. */
Pool& pool() {
  static Pool& only = *new Pool;
  return only;
}

constexpr int MOST_THREADS = 256;
constexpr int MOST_TASKS = 0xffff;
constexpr std::size_t LINE = 64;
constexpr std::size_t HUGE_PAGE = std::size_t{1} << 21;

}  // namespace

void setThreads(int threads) {
  Pool& p = pool();
  const std::lock_guard<std::mutex> lock(p.owner);
  p.threads = std::max(1, std::min(threads, MOST_THREADS));
}

Workspace::Workspace() : hold(pool().owner) {}

int Workspace::lanes() const { return pool().threads; }

float* Workspace::take(std::size_t floats) {
  Pool& p = pool();
  const std::size_t bytes = (floats * sizeof(float) + LINE - 1) / LINE * LINE + LINE;
  if (used == p.blocks.size()) {
    p.blocks.push_back(nullptr);
    p.sizes.push_back(0);
  }
  if (p.sizes[used] < bytes) {
    std::free(p.blocks[used]);
    p.blocks[used] = nullptr;
    p.sizes[used] = 0;
    const bool large = bytes >= 2 * HUGE_PAGE;
    const std::size_t alignment = large ? HUGE_PAGE : LINE;
    p.blocks[used] = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (p.blocks[used] == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (large) madvise(p.blocks[used], bytes, MADV_HUGEPAGE);
#endif
    p.sizes[used] = bytes;
  }
  return static_cast<float*>(p.blocks[used++]);
}

void Workspace::parallel(int count, const std::function<void(int, int)>& task) {
  Pool& p = pool();
  if (p.threads == 1 || count == 1 || count > MOST_TASKS) {
    for (int i = 0; i < count; i++) task(i, 0);
    return;
  }
  p.start();
  p.job.task = &task;
  p.job.done.store(0, std::memory_order_relaxed);
  const std::uint32_t number = unpack(p.ticket.load(std::memory_order_relaxed)).job + 1;
  p.ticket.store(pack({number, static_cast<std::uint16_t>(count), 0}), std::memory_order_seq_cst);
  if (p.asleep.load(std::memory_order_seq_cst) > 0) {
    const std::lock_guard<std::mutex> lock(p.sleeping);
    p.wake.notify_all();
  }
  p.work(0);
  for (int looks = 0; p.job.done.load(std::memory_order_acquire) < count; looks++) wait(looks);
}

}  // namespace ops
