/* SPDX-License-Identifier: MIT */
#include "micro/gbench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

extern "C" {
#include "base/suggest.h"
#include "base/atomic_file.h"
#include "roof/peak.h"
}

namespace
{

/* Flags with a fixed set of values: Google Benchmark answers a wrong one with its usage page and exit code 0.
 */
struct Choice {
    const char *flag;
    const char *values[6];
};
const Choice choices[] = {
    {"--benchmark_format=", {"console", "json", "csv", nullptr}},
    {"--benchmark_out_format=", {"console", "json", "csv", nullptr}},
    {"--benchmark_time_unit=", {"ns", "us", "ms", "s", nullptr}},
};

const char *const known_flags[] = {"benchmark_list_tests",
                                   "benchmark_filter",
                                   "benchmark_min_time",
                                   "benchmark_min_warmup_time",
                                   "benchmark_repetitions",
                                   "benchmark_enable_random_interleaving",
                                   "benchmark_report_aggregates_only",
                                   "benchmark_display_aggregates_only",
                                   "benchmark_format",
                                   "benchmark_out",
                                   "benchmark_out_format",
                                   "benchmark_color",
                                   "benchmark_counters_tabular",
                                   "benchmark_perf_counters",
                                   "benchmark_context",
                                   "benchmark_time_unit",
                                   "benchmark_dry_run",
                                   nullptr};

/* The last value of a flag among the arguments or, without one, of its environment twin; "" when neither is
 * there. */
std::string value_of(int argc, char **argv, const std::string &name)
{
    std::string value, twin = name;
    for (char &c : twin) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
    if (const char *from_environment = getenv(twin.c_str())) value = from_environment;
    const std::string flag = "--" + name + "=";
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], flag.c_str(), flag.size()) == 0) value = argv[i] + flag.size();
    return value;
}

std::string out_path, out_format; /* of the file that --benchmark_out names */

/* Debian 12 and 13 still ship the CSV format that Google Benchmark calls deprecated. */
std::unique_ptr<benchmark::BenchmarkReporter> make_file_reporter()
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    if (out_format == "csv") return std::make_unique<benchmark::CSVReporter>();
#pragma GCC diagnostic pop
    if (out_format == "console")
        return std::make_unique<benchmark::ConsoleReporter>(benchmark::ConsoleReporter::OO_None);
    return std::make_unique<benchmark::JSONReporter>();
}

struct Setup {
    const gbench_case *cases;
    int count;
    const volatile sig_atomic_t *stop;
    gbench_report_fn *report;
    void *context;
};

/* Stands in the place of the file reporter, so that the terminal's report stays Google Benchmark's own: hands
 * each repetition to the C side and everything to the real file reporter, which writes into memory. */
class Tap : public benchmark::BenchmarkReporter
{
  public:
    explicit Tap(const Setup &run) : run_(run), file_(make_file_reporter()) {}

    bool ReportContext(const Context &context) override
    {
        file_->SetOutputStream(&text_);
        file_->SetErrorStream(&GetErrorStream());
        return file_->ReportContext(context);
    }

    void ReportRuns(const std::vector<benchmark::BenchmarkReporter::Run> &runs) override
    {
        file_->ReportRuns(runs);
        if (*run_.stop) return; /* the case was cut short */
        for (const auto &r : runs) {
            if (r.run_type != benchmark::BenchmarkReporter::Run::RT_Iteration || r.iterations <= 0) continue;
            for (int i = 0; i < run_.count; i++) {
                if (r.run_name.function_name != run_.cases[i].name) continue;
                const gbench_result result = {
                    run_.cases[i].context, r.iterations, static_cast<int>(r.repetition_index),
                    r.real_accumulated_time / static_cast<double>(r.iterations), counter(r, "peak_FLOP/s")};
                run_.report(run_.context, &result);
            }
        }
    }

    void Finalize() override
    {
        file_->Finalize();
        whole_ = true;
    }

    /* Google Benchmark itself does not notice when a write fails. 0 or e. */
    int write(struct error *e) const
    {
        const std::string text = text_.str();
        if (!whole_ || out_path.empty()) return 0;
        return file_replace(out_path.c_str(), text.data(), text.size(), e);
    }

  private:
    static double counter(const benchmark::BenchmarkReporter::Run &r, const char *name)
    {
        const auto found = r.counters.find(name);
        return found == r.counters.end() ? 0.0 : found->second.value;
    }

    const Setup &run_;
    std::unique_ptr<benchmark::BenchmarkReporter> file_;
    std::ostringstream text_;
    bool whole_ = false;
};

void measure(benchmark::State &state, const gbench_case &c, const volatile sig_atomic_t *stop)
{
    if (*stop) {
        state.SkipWithError("interrupted");
        return;
    }
    if (const char *why = c.prepare ? c.prepare(c.context) : nullptr) {
        state.SkipWithError(why);
        return;
    }
    const bool has_peak = c.peak && c.flop > 0;
    double peak = has_peak ? c.peak(c.context) : 0;
    const auto start = std::chrono::steady_clock::now();
    for (auto _ : state) {
        c.call(c.context);
        if (*stop) {
            state.SkipWithError("interrupted");
            break;
        }
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    using benchmark::Counter;
    if (c.label) state.SetLabel(c.label);
    if (c.flop > 0)
        state.counters["FLOP/s"] = Counter(c.flop, Counter::kIsIterationInvariantRate, Counter::kIs1000);
    if (has_peak) {
        peak = std::max(peak, c.peak(c.context));
        state.counters["peak_FLOP/s"] = Counter(peak, Counter::kDefaults, Counter::kIs1000);
        /* Not a rate of Google Benchmark's, which would show it as so much a second. */
        const double rate = c.flop * static_cast<double>(state.iterations()) / seconds.count();
        const double share = peak_share(rate, peak);
        if (std::isfinite(share)) state.counters["share_of_peak"] = share;
    }
    if (c.bytes > 0)
        state.counters["bytes/s"] = Counter(c.bytes, Counter::kIsIterationInvariantRate, Counter::kIs1000);
}

} // namespace

extern "C" const char *gbench_flags(int argc, char **argv, char *message, unsigned long size)
{
    for (const Choice &choice : choices) {
        for (int i = 1; i < argc; i++) {
            if (strncmp(argv[i], choice.flag, strlen(choice.flag)) != 0) continue;
            const char *value = argv[i] + strlen(choice.flag);
            std::string allowed;
            bool found = false;
            for (const char *const *v = choice.values; *v; v++) {
                found = found || strcmp(*v, value) == 0;
                allowed += (allowed.empty() ? "" : ", ") + std::string(*v);
            }
            if (found) continue;
            snprintf(message, size, "%.*s: '%s' is not allowed; allowed are %s",
                     static_cast<int>(strlen(choice.flag)) - 1, choice.flag, value, allowed.c_str());
            return message;
        }
    }
    out_path = value_of(argc, argv, "benchmark_out");
    out_format = value_of(argc, argv, "benchmark_out_format");
    std::vector<char *> arguments(argv, argv + argc);
    char nowhere[] = "--benchmark_out=/dev/null";
    arguments.push_back(nowhere); /* the last one counts; the tap needs one, and writes the file itself */
    int left = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&left, arguments.data());
    if (left <= 1) return nullptr;
    const std::string word = arguments[1];
    const std::string bare = word.substr(2, word.find('=') - 2);
    const char *near = suggest_nearest(bare.c_str(), known_flags);
    const bool known = near && bare == near;
    snprintf(message, size, "%s: Google Benchmark does not accept it%s%s%s", word.c_str(),
             known  ? "; its value is invalid"
             : near ? "; did you mean '--"
                    : "",
             !known && near ? near : "", !known && near ? "'?" : "");
    return message;
}

extern "C" int gbench_check_out(struct error *e)
{
    return out_path.empty() ? 0 : file_check_place(out_path.c_str(), e);
}

extern "C" bool gbench_lists_only(int argc, char **argv)
{
    const std::string value = value_of(argc, argv, "benchmark_list_tests");
    bool bare = false;
    for (int i = 1; i < argc; i++) bare = bare || strcmp(argv[i], "--benchmark_list_tests") == 0;
    return bare || (!value.empty() && !strchr("0fFnN", value[0]));
}

extern "C" void gbench_context(const char *key, const char *value)
{
    benchmark::AddCustomContext(key, value);
}

extern "C" int gbench_run(const gbench_case *cases, int count, const volatile sig_atomic_t *stop,
                          gbench_report_fn *report, void *context, struct error *e)
{
    for (int i = 0; i < count; i++) {
        const gbench_case &c = cases[i];
        benchmark::RegisterBenchmark(c.name, [&c, stop](benchmark::State &state) { measure(state, c, stop); })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
    }
    try {
        const Setup run = {cases, count, stop, report, context};
        Tap tap(run);
        const int selected = static_cast<int>(benchmark::RunSpecifiedBenchmarks(nullptr, &tap));
        benchmark::Shutdown();
        tap.write(e);
        return selected;
    } catch (const std::exception &error) {
        error_set(e, EXIT_INTERNAL, "Google Benchmark failed: %s; version 1.9 needs the system call sysinfo",
                  error.what());
        return 0;
    }
}
