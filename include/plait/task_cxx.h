/* plait/task_cxx.h - the parts of PLAIT_TASK that C++17 writes in its own way (see plait/task_macros.h).
 *
 * Aggregates of C++ refuse what does not fit by themselves. Exceptions are caught here, in the user's own
 * file, so that the library needs no C++ runtime: one that leaves a task becomes its failure. The forced
 * unwinding of pthread_exit is let through.
 */
#ifndef PLAIT_TASK_CXX_H
#define PLAIT_TASK_CXX_H

#include <plait/api.h>

#ifdef __cplusplus

#include <exception>
#include <new>
#include <plait/raise.h>
#include <plait/task.h>
#include <string.h>
#include <type_traits>
#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#define PLAIT__EXTERN extern "C"
#define PLAIT__ALIGNED alignas(16)
#define PLAIT__ZERO \
    {} /* arguments that are left out */
#define PLAIT__POINTER(type, pointer) (static_cast<type *>(pointer))
#define PLAIT__ALIGNAS(n) alignas(n)
#define PLAIT__UNQUALIFIED(T) std::remove_cv_t<T>

template <class R> constexpr size_t plait__size() {
    if constexpr (std::is_void_v<R>)
        return 0;
    else
        return sizeof(R);
}
#define PLAIT__SIZE(R) (plait__size<R>())

template <class T, class... Types> constexpr bool plait__is_one_of() {
    return (std::is_same_v<T, Types> || ...);
}
template <class T> constexpr plait_kind plait__kind() {
    static_assert(std::is_void_v<T> || std::is_trivially_copyable_v<T>,
                  "arguments and results of a task are copied as bytes");
    if constexpr (!std::is_void_v<T>)
        static_assert(
            alignof(T) <= 16,
            "a parameter or the result wants more alignment than malloc gives: pass a pointer to it");
    if constexpr (std::is_void_v<T>)
        return PLAIT_KIND_NOTHING;
    else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
        return PLAIT_KIND_INTEGER;
    else if constexpr (std::is_floating_point_v<T>)
        return PLAIT_KIND_FLOAT;
    else if constexpr (std::is_same_v<std::remove_cv_t<T>, const char *>)
        return PLAIT_KIND_STRING;
    else if constexpr (std::is_same_v<std::remove_cv_t<T>, plait_bytes>)
        return PLAIT_KIND_BYTES;
    else if constexpr (plait__is_one_of<std::remove_cv_t<T>, plait_shared *, plait_process_queue *,
                                        plait_message_queue *, plait_pipe *>())
        return PLAIT_KIND_SHARED;
    else if constexpr (std::is_pointer_v<T>)
        return PLAIT_KIND_POINTER;
    else
        return PLAIT_KIND_STRUCT;
}
#define PLAIT__ASSERT_ALIGNED(R, A) /* plait__kind does */
#define PLAIT__KIND(T) (plait__kind<T>())
#define PLAIT__KIND_OF_RESULT(R) (plait__kind<R>())
#define PLAIT__KIND_OF(x) (plait__kind<std::remove_cv_t<std::remove_reference_t<decltype(x)>>>())

template <class R, class F> void plait__call(void *result, F call) {
    if constexpr (std::is_void_v<R>) {
        (void)result;
        call();
    } else {
        ::new (result) R(call());
    }
}

#if defined(__cpp_exceptions)
template <class R, class F> void plait__call_guarded(void *result, F call) {
    try {
        plait__call<R>(result, call);
#if defined(__GLIBCXX__)
    } catch (abi::__forced_unwind &) {
        throw;
#endif
    } catch (const std::bad_alloc &) {
        (void)plait_raise(PLAIT_NO_MEMORY, "std::bad_alloc");
    } catch (const std::exception &exception) {
        (void)plait_raise(PLAIT_FAILED, "%s", exception.what());
    } catch (...) {
        (void)plait_raise(PLAIT_FAILED, "an exception that is no std::exception");
    }
}
#define PLAIT__CALL(R, result, f, ...) plait__call_guarded<R>(result, [&]() -> R { return f(__VA_ARGS__); });
#else
#define PLAIT__CALL(R, result, f, ...) plait__call<R>(result, [&]() -> R { return f(__VA_ARGS__); });
#endif

/* Runs a child where it is synced, and returns what it returns; zero if an exception leaves it. */
template <class R, class F> R plait__run_child(void *result, F call) {
#if defined(__cpp_exceptions)
    bool done = false;
    if constexpr (std::is_void_v<R>) {
        plait__call_guarded<R>(result, call);
    } else {
        plait__call_guarded<R>(result, [&]() -> R {
            R value = call();
            done = true;
            return value;
        });
        if (!done) memset(result, 0, sizeof(R));
        return *std::launder(static_cast<R *>(result));
    }
#else
    (void)result;
    return call();
#endif
}
template <class R> R plait__stored(void *result) {
    if constexpr (std::is_void_v<R>)
        return;
    else
        return *std::launder(static_cast<R *>(result));
}
#define PLAIT__RETURN_CALL(R, result, f, ...) \
    return plait__run_child<R>(result, [&]() -> R { return f(__VA_ARGS__); });
#define PLAIT__RETURN_RESULT(R, result) return plait__stored<R>(result);
#define PLAIT__VOID_RETURN_BEGIN
#define PLAIT__VOID_RETURN_END

/* A temporary lives until the end of the full expression, and so does its address. */
template <class T> const void *plait__address_of(const T &value) {
    return &value;
}
template <class T> T *plait__same(T *pointer) {
    return pointer;
}
#define PLAIT__TASK_OF(f, ...) (&plait__task_##f)
#define PLAIT__ARGS(f, ...) (plait__args_##f{0, __VA_ARGS__})
#define PLAIT__ARGS_OF(f, ...) (plait__address_of(PLAIT__ARGS(f, __VA_ARGS__)))
#define PLAIT__OWNED_ARGS_OF(value, f, ...) (plait__address_of(PLAIT__ARGS(f, value, __VA_ARGS__)))
#define PLAIT__COLUMNS_OF(f, ...) (plait__address_of(plait__columns_##f{0, __VA_ARGS__}))
#define PLAIT__OUT_OF(f, out) (plait__same<plait__result_##f>(out))
#define PLAIT__TYPED(expression, ...) (expression)
#define PLAIT__TYPED_OWNED(expression, ...) (expression)
#define PLAIT__TYPED_COLUMNS(expression, ...) (expression)

#endif
#endif
