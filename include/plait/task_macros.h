/* plait/task_macros.h - what PLAIT_TASK expands to, and what the verbs that take a task are made of.
 *
 * Nobody includes this by hand: plait/task.h does. For a task `f` the names are
 *   struct plait__args_f      its arguments, after one hidden char: so `{0, arguments}` is never empty,
 *                             and the comma after the last argument is always legal
 *   struct plait__columns_f   the same with a typed column (pointer, stride) for each
 *   plait__type_f_x           the type of its parameter x
 *   plait__result_f           the type of its result
 *   plait__arity_f            how many parameters
 *   plait__task_f             its descriptor;  plait__run_f, plait__range_f its thunks
 *   struct plait__child_f     a spawned call of it, and plait__sync_f what plait_sync calls: runs it, inlined
 *                             in the user's file, or takes the result (plait/spawn.h)
 *
 * A verb passes all that follows its own arguments, the name of the task first, like this:
 *
 *     #define plait_start_with(options, ...) \
 *         PLAIT__TYPED(plait_thread_start((options), PLAIT__TASK_OF(__VA_ARGS__, ), \
 *                                         PLAIT__ARGS_OF(__VA_ARGS__, )), __VA_ARGS__)
 *
 *   PLAIT__TASK_OF(f, ...)     the descriptor's address
 *   PLAIT__ARGS(f, ...)        a struct of arguments
 *   PLAIT__ARGS_OF(f, ...)     a const void * to one that lives as long as the expression
 *   PLAIT__COLUMNS_OF(f, ...)  the same for typed columns, written pointer, stride, pointer, stride ...;
 *                              behind the hidden char it has the layout of an array of plait_column
 *   PLAIT__OWNED_ARGS_OF(value, f, ...)   the arguments of a task whose first parameter is filled in later,
 *   with
 *                              something of value's type
 *   PLAIT__OUT_OF(f, out)      `out`, if it is a pointer to f's result (or NULL); else it does not compile
 *   PLAIT__TYPED(expression, f, ...)           the expression, with wrong types and too many arguments
 *                                              (more than f has parameters) as errors
 *   PLAIT__TYPED_COLUMNS(expression, f, ...)   the same for columns
 */
#ifndef PLAIT_TASK_MACROS_H
#define PLAIT_TASK_MACROS_H

#include <plait/api.h>

/* ---- lists of 0 to 8 parameters; every list begins with the task's name ---- */

#define PLAIT__FIRST(x, ...) x
#define PLAIT__UNPACK(...) __VA_ARGS__
#define PLAIT__APPLY(m, ...) m(__VA_ARGS__)

#define PLAIT__COUNT_PARAMETERS(...) PLAIT__NINTH(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0, )
#define PLAIT__NINTH(f, a, b, c, d, e, g, h, i, n, ...) n

/* m(f, T, x) for each parameter, one after the other. */
#define PLAIT__EACH_0(m, f)
#define PLAIT__EACH_1(m, f, a) PLAIT__APPLY(m, f, PLAIT__UNPACK a)
#define PLAIT__EACH_2(m, f, a, b) PLAIT__EACH_1(m, f, a) PLAIT__EACH_1(m, f, b)
#define PLAIT__EACH_3(m, f, a, ...) PLAIT__EACH_1(m, f, a) PLAIT__EACH_2(m, f, __VA_ARGS__)
#define PLAIT__EACH_4(m, f, a, ...) PLAIT__EACH_1(m, f, a) PLAIT__EACH_3(m, f, __VA_ARGS__)
#define PLAIT__EACH_5(m, f, a, ...) PLAIT__EACH_1(m, f, a) PLAIT__EACH_4(m, f, __VA_ARGS__)
#define PLAIT__EACH_6(m, f, a, ...) PLAIT__EACH_1(m, f, a) PLAIT__EACH_5(m, f, __VA_ARGS__)
#define PLAIT__EACH_7(m, f, a, ...) PLAIT__EACH_1(m, f, a) PLAIT__EACH_6(m, f, __VA_ARGS__)
#define PLAIT__EACH_8(m, f, a, ...) PLAIT__EACH_1(m, f, a) PLAIT__EACH_7(m, f, __VA_ARGS__)

/* The same with commas between; k counts down to 1, for what needs an index from the end. */
#define PLAIT__LIST_1(m, f, a) PLAIT__APPLY(m, f, 1, PLAIT__UNPACK a)
#define PLAIT__LIST_2(m, f, a, ...) PLAIT__APPLY(m, f, 2, PLAIT__UNPACK a), PLAIT__LIST_1(m, f, __VA_ARGS__)
#define PLAIT__LIST_3(m, f, a, ...) PLAIT__APPLY(m, f, 3, PLAIT__UNPACK a), PLAIT__LIST_2(m, f, __VA_ARGS__)
#define PLAIT__LIST_4(m, f, a, ...) PLAIT__APPLY(m, f, 4, PLAIT__UNPACK a), PLAIT__LIST_3(m, f, __VA_ARGS__)
#define PLAIT__LIST_5(m, f, a, ...) PLAIT__APPLY(m, f, 5, PLAIT__UNPACK a), PLAIT__LIST_4(m, f, __VA_ARGS__)
#define PLAIT__LIST_6(m, f, a, ...) PLAIT__APPLY(m, f, 6, PLAIT__UNPACK a), PLAIT__LIST_5(m, f, __VA_ARGS__)
#define PLAIT__LIST_7(m, f, a, ...) PLAIT__APPLY(m, f, 7, PLAIT__UNPACK a), PLAIT__LIST_6(m, f, __VA_ARGS__)
#define PLAIT__LIST_8(m, f, a, ...) PLAIT__APPLY(m, f, 8, PLAIT__UNPACK a), PLAIT__LIST_7(m, f, __VA_ARGS__)

/* What stands in parentheses after a function's name. */
#define PLAIT__PROTOTYPE_0(f) void
#define PLAIT__PROTOTYPE_1(...) PLAIT__LIST_1(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__PROTOTYPE_2(...) PLAIT__LIST_2(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__PROTOTYPE_3(...) PLAIT__LIST_3(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__PROTOTYPE_4(...) PLAIT__LIST_4(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__PROTOTYPE_5(...) PLAIT__LIST_5(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__PROTOTYPE_6(...) PLAIT__LIST_6(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__PROTOTYPE_7(...) PLAIT__LIST_7(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__PROTOTYPE_8(...) PLAIT__LIST_8(PLAIT__DECLARED, __VA_ARGS__)
#define PLAIT__DECLARED(f, k, T, x) T x

/* The arguments of a call, taken from a struct or from columns; PLAIT__TAKE_n(how, f, parameters). */
#define PLAIT__TAKE_0(m, f)
#define PLAIT__TAKE_1(...) PLAIT__LIST_1(__VA_ARGS__)
#define PLAIT__TAKE_2(...) PLAIT__LIST_2(__VA_ARGS__)
#define PLAIT__TAKE_3(...) PLAIT__LIST_3(__VA_ARGS__)
#define PLAIT__TAKE_4(...) PLAIT__LIST_4(__VA_ARGS__)
#define PLAIT__TAKE_5(...) PLAIT__LIST_5(__VA_ARGS__)
#define PLAIT__TAKE_6(...) PLAIT__LIST_6(__VA_ARGS__)
#define PLAIT__TAKE_7(...) PLAIT__LIST_7(__VA_ARGS__)
#define PLAIT__TAKE_8(...) PLAIT__LIST_8(__VA_ARGS__)
#define PLAIT__FROM_ARGS(f, k, T, x) plait__a->x
#define PLAIT__FROM_COLUMN(f, k, T, x) \
    *PLAIT__POINTER(const plait__type_##f##_##x, plait__cell(&plait__c_##x, plait__i))

/* ---- what a task consists of ---- */

#define PLAIT__TYPE_OF_PARAMETER(f, T, x) typedef T plait__type_##f##_##x;
#define PLAIT__FIELD(f, T, x) PLAIT__UNQUALIFIED(plait__type_##f##_##x) x PLAIT__ZERO;
#define PLAIT__COLUMN_FIELD(f, T, x) \
    const plait__type_##f##_##x *x; \
    size_t plait__stride_##x;
#define PLAIT__PARAMETER(f, T, x) \
    {#x, PLAIT__KIND(plait__type_##f##_##x), offsetof(struct plait__args_##f, x), \
     sizeof(plait__type_##f##_##x)},

#define PLAIT__TASK_TYPES(n, R, f, ...) \
    PLAIT__EACH_##n(PLAIT__TYPE_OF_PARAMETER, __VA_ARGS__) typedef R plait__result_##f; \
    struct plait__args_##f { \
        char plait__first; \
        PLAIT__EACH_##n(PLAIT__FIELD, __VA_ARGS__) \
    }; \
    struct plait__columns_##f { \
        char plait__first; \
        PLAIT__EACH_##n(PLAIT__COLUMN_FIELD, __VA_ARGS__) \
    }; \
    enum { plait__arity_##f = n }; \
    PLAIT__ASSERT_ALIGNED(R, struct plait__args_##f)

/* Where results go that nobody wants, and the byte of a void task. */
#define PLAIT__NOWHERE_FOR(R, name) PLAIT__ALIGNED char name[PLAIT__SIZE(R) + 1];

/* The loop's own copy: the compiler can keep it in registers. */
#define PLAIT__OWN_COLUMN(f, T, x) const plait_column plait__c_##x = *plait__column++;

#define PLAIT__TASK_THUNKS(n, R, f, ...) \
    PLAIT__UNUSED static void plait__run_##f(const void *plait__args, void *plait__result) { \
        const struct plait__args_##f *plait__a = PLAIT__POINTER(const struct plait__args_##f, plait__args); \
        (void)plait__a; \
        PLAIT__NOWHERE_FOR(R, plait__nowhere) \
        if (!plait__result || !PLAIT__SIZE(R)) plait__result = plait__nowhere; \
        PLAIT__CALL(R, plait__result, f, PLAIT__TAKE_##n(PLAIT__FROM_ARGS, __VA_ARGS__)) \
    } \
    PLAIT__UNUSED static size_t plait__range_##f(const plait_column *plait__column, void *plait__results, \
                                                 size_t plait__i, const size_t *plait__end) { \
        (void)plait__column; \
        PLAIT__EACH_##n(PLAIT__OWN_COLUMN, __VA_ARGS__) \
            PLAIT__NOWHERE_FOR(R, plait__nowhere) char *plait__to = plait__nowhere; \
        size_t plait__step = 0; \
        if (plait__results && PLAIT__SIZE(R)) { \
            plait__step = PLAIT__SIZE(R); \
            plait__to = PLAIT__POINTER(char, plait__results) + plait__i * plait__step; \
        } \
        while (plait__i < *plait__end) { \
            PLAIT__CALL(R, plait__to, f, PLAIT__TAKE_##n(PLAIT__FROM_COLUMN, __VA_ARGS__)) \
            plait__i++; \
            plait__to += plait__step; \
        } \
        return plait__i; \
    } \
    static const plait_parameter plait__parameters_##f[n + 1] = { \
        PLAIT__EACH_##n(PLAIT__PARAMETER, __VA_ARGS__){NULL, PLAIT_KIND_NOTHING, 0, 0}};

#define PLAIT__TASK_SYNC(n, R, f, ...) \
    struct plait__child_##f { \
        struct plait_child base; \
        PLAIT__ALIGNAS(16) struct plait__args_##f args; \
        PLAIT__ALIGNAS(16) unsigned char result[PLAIT__SIZE(R) ? PLAIT__SIZE(R) : 1]; \
    }; \
    PLAIT__VOID_RETURN_BEGIN \
    PLAIT__UNUSED static inline R plait__sync_##f(struct plait__child_##f *plait__child, \
                                                  struct plait__pending *plait__pending) { \
        const struct plait__args_##f *plait__a = &plait__child->args; \
        int plait__mine = plait_child_take(plait__pending->child); \
        (void)plait__a; \
        plait__pending->child = NULL; \
        if (PLAIT__LIKELY(plait__mine)) \
            PLAIT__RETURN_CALL(R, plait__child->result, f, PLAIT__TAKE_##n(PLAIT__FROM_ARGS, __VA_ARGS__)) \
        PLAIT__RETURN_RESULT(R, plait__child->result) \
    } \
    PLAIT__VOID_RETURN_END

#define PLAIT__DESCRIPTOR(n, R, f) \
    { \
        PLAIT_TASK_VERSION, n, #f, plait__parameters_##f, sizeof(struct plait__args_##f), PLAIT__SIZE(R), \
            PLAIT__KIND_OF_RESULT(R), plait__run_##f, plait__range_##f \
    }

#define PLAIT__TASK(n, R, f, ...) PLAIT__TASK_(n, R, f, __VA_ARGS__)
#define PLAIT__TASK_(n, R, f, ...) \
    PLAIT__TASK_TYPES(n, R, f, __VA_ARGS__) \
    static inline R f(PLAIT__PROTOTYPE_##n(__VA_ARGS__)); \
    PLAIT__TASK_THUNKS(n, R, f, __VA_ARGS__) \
    PLAIT__UNUSED static const plait_task plait__task_##f = PLAIT__DESCRIPTOR(n, R, f); \
    PLAIT__TASK_SYNC(n, R, f, __VA_ARGS__) \
    static R f(PLAIT__PROTOTYPE_##n(__VA_ARGS__))

/* Ends without a semicolon: the user writes one, or a body. */
#define PLAIT__TASK_DECLARE(n, R, f, ...) PLAIT__TASK_DECLARE_(n, R, f, __VA_ARGS__)
#define PLAIT__TASK_DECLARE_(n, R, f, ...) \
    PLAIT__TASK_TYPES(n, R, f, __VA_ARGS__) \
    PLAIT__EXTERN const plait_task plait__task_##f; \
    PLAIT__EXTERN R f(PLAIT__PROTOTYPE_##n(__VA_ARGS__)); \
    PLAIT__TASK_SYNC(n, R, f, __VA_ARGS__) \
    PLAIT__EXTERN R f(PLAIT__PROTOTYPE_##n(__VA_ARGS__))
#define PLAIT__TASK_DEFINE(n, R, f, ...) PLAIT__TASK_DEFINE_(n, R, f, __VA_ARGS__)
#define PLAIT__TASK_DEFINE_(n, R, f, ...) \
    PLAIT__TASK_THUNKS(n, R, f, __VA_ARGS__) \
    const plait_task plait__task_##f = PLAIT__DESCRIPTOR(n, R, f); \
    R f(PLAIT__PROTOTYPE_##n(__VA_ARGS__))

#if defined(__GNUC__)
#define PLAIT__UNUSED __attribute__((unused))
#define PLAIT__LIKELY(x) __builtin_expect(!!(x), 1)
#else
#define PLAIT__UNUSED
#define PLAIT__LIKELY(x) (x)
#endif

#ifdef __cplusplus
#include <plait/task_cxx.h>
#else

#define PLAIT__EXTERN extern
#define PLAIT__ZERO
#define PLAIT__ALIGNED _Alignas(16)
#define PLAIT__POINTER(type, pointer) ((type *)(pointer))
#define PLAIT__ALIGNAS(n) _Alignas(n)
#if defined(__GNUC__)
/* Without const at the top, so that a struct of arguments can be assigned: the value of a comma has none. */
#define PLAIT__UNQUALIFIED(T) __typeof__(((void)0, *(T *)0))
#else
#define PLAIT__UNQUALIFIED(T) T
#endif

/* ---- C: results and kinds by _Generic; void is told by the type of a pointer to it ---- */

/* The blocks that arguments and results are copied into are aligned as malloc aligns. */
#define PLAIT__ASSERT_ALIGNED(R, A) \
    _Static_assert( \
        _Alignof(A) <= 16 && PLAIT__ALIGNMENT(R) <= 16, \
        "a parameter or the result wants more alignment than malloc gives: pass a pointer to it");
#if defined(__GNUC__)
#define PLAIT__ALIGNMENT(R) __alignof__(*PLAIT__OR_CHAR(R))
#else
#define PLAIT__ALIGNMENT(R) 1
#endif

#define PLAIT__OR_CHAR(R) _Generic((R *)0, void * : (char *)0, default : (R *)0)
#define PLAIT__SIZE(R) (_Generic((R *)0, void * : (size_t)0, default : sizeof(*PLAIT__OR_CHAR(R))))

/* Calls the function and stores what it returns; for a void task a byte, so that there is one call in the
 * source, and the compiler inlines it sooner. */
#define PLAIT__CALL(R, to, f, ...) \
    *_Generic((R *)0, void * : (char *)(to), default : (R *)(void *)(to)) = \
        _Generic((R *)0, void * : (f(__VA_ARGS__), (char)0), default : f(__VA_ARGS__));

/* Returns what the function returns, or what was stored. Both may be of type void, which a return statement
 * of ISO C does not want to see. */
#define PLAIT__RETURN_CALL(R, result, f, ...) return f(__VA_ARGS__);
#define PLAIT__RETURN_RESULT(R, result) \
    char plait__nothing = 0; \
    return _Generic((R *)0, \
        void * : (void)plait__nothing, \
        default : *_Generic((R *)0, void * : &plait__nothing, default : (R *)(void *)(result)));
#if defined(__GNUC__)
#define PLAIT__VOID_RETURN_BEGIN \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpedantic\"")
#define PLAIT__VOID_RETURN_END _Pragma("GCC diagnostic pop")
#else
#define PLAIT__VOID_RETURN_BEGIN
#define PLAIT__VOID_RETURN_END
#endif

#define PLAIT__KIND(T) PLAIT__KIND_OF(*(T *)0)
#define PLAIT__KIND_OF_RESULT(R) \
    (_Generic((R *)0, void * : PLAIT_KIND_NOTHING, default : PLAIT__KIND_OF(*PLAIT__OR_CHAR(R))))
#define PLAIT__KIND_OF(x) \
    (_Generic((x), \
        _Bool : PLAIT_KIND_INTEGER, \
        char : PLAIT_KIND_INTEGER, \
        signed char : PLAIT_KIND_INTEGER, \
        unsigned char : PLAIT_KIND_INTEGER, \
        short : PLAIT_KIND_INTEGER, \
        unsigned short : PLAIT_KIND_INTEGER, \
        int : PLAIT_KIND_INTEGER, \
        unsigned int : PLAIT_KIND_INTEGER, \
        long : PLAIT_KIND_INTEGER, \
        unsigned long : PLAIT_KIND_INTEGER, \
        long long : PLAIT_KIND_INTEGER, \
        unsigned long long : PLAIT_KIND_INTEGER, \
        float : PLAIT_KIND_FLOAT, \
        double : PLAIT_KIND_FLOAT, \
        long double : PLAIT_KIND_FLOAT, \
        const char * : PLAIT_KIND_STRING, \
        plait_bytes : PLAIT_KIND_BYTES, \
        plait_shared * : PLAIT_KIND_SHARED, \
        plait_process_queue * : PLAIT_KIND_SHARED, \
        plait_message_queue * : PLAIT_KIND_SHARED, \
        plait_pipe * : PLAIT_KIND_SHARED, \
        default : PLAIT__OTHER_KIND(x)))
#if defined(__GNUC__)
#define PLAIT__OTHER_KIND(x) (__builtin_classify_type(x) == 5 ? PLAIT_KIND_POINTER : PLAIT_KIND_STRUCT)
#else
#define PLAIT__OTHER_KIND(x) PLAIT_KIND_POINTER /* cannot be told: what is refused between processes */
#endif

/* ---- C: from a verb's arguments to a struct ---- */

#define PLAIT__TASK_OF(f, ...) (&plait__task_##f)
#define PLAIT__ARGS(f, ...) ((struct plait__args_##f){0, __VA_ARGS__})
#define PLAIT__ARGS_OF(f, ...) (&PLAIT__ARGS(f, __VA_ARGS__))
#define PLAIT__OWNED_ARGS_OF(value, f, ...) (&PLAIT__ARGS(f, value, __VA_ARGS__))
#define PLAIT__COLUMNS_OF(f, ...) (&(struct plait__columns_##f){0, __VA_ARGS__})
#define PLAIT__OUT_OF(f, out) _Generic((0 ? (plait__result_##f *)0 : (out)), plait__result_##f * : (out))

/* How many follow the task's name. */
#define PLAIT__COUNT_ARGS(...) \
    PLAIT__SEVENTEENTH(__VA_ARGS__, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, )
#define PLAIT__SEVENTEENTH(f, a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s, n, ...) n
#define PLAIT__AT_MOST(count, limit) \
    ((void)sizeof(struct { \
        char plait__unused; \
        _Static_assert((count) <= (limit), "more arguments than the task has parameters"); \
    }))
#define PLAIT__LIMIT(f, ...) plait__arity_##f

#if defined(__GNUC__)
#define PLAIT__CHECKED(expression, count, limit) \
    __extension__({ \
        PLAIT__AT_MOST(count, limit); \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wint-conversion\"") \
            _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"") \
                _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"") expression; \
        _Pragma("GCC diagnostic pop") \
    })
#else
#define PLAIT__CHECKED(expression, count, limit) (PLAIT__AT_MOST(count, limit), (expression))
#endif
#define PLAIT__TYPED(expression, ...) \
    PLAIT__CHECKED(expression, PLAIT__COUNT_ARGS(__VA_ARGS__), PLAIT__LIMIT(__VA_ARGS__, ))
/* The same for a task whose first argument is filled in. */
#define PLAIT__TYPED_OWNED(expression, ...) \
    PLAIT__CHECKED(expression, PLAIT__COUNT_ARGS(__VA_ARGS__) + 1, PLAIT__LIMIT(__VA_ARGS__, ))
#define PLAIT__TYPED_COLUMNS(expression, ...) \
    PLAIT__CHECKED(expression, PLAIT__COUNT_ARGS(__VA_ARGS__), 2 * PLAIT__LIMIT(__VA_ARGS__, ))

#endif

#endif
