/* plait/api.h - what every plait header needs: the version, visibility, and compiler attributes.
 *
 * Programs include <plait.h>, or one header per concept; nobody needs to include this one by hand.
 */
#ifndef PLAIT_API_H
#define PLAIT_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAIT_VERSION_MAJOR 0
#define PLAIT_VERSION_MINOR 1
#define PLAIT_VERSION_PATCH 0
#define PLAIT_VERSION "0.1.0"

#ifdef __cplusplus
#define PLAIT_BEGIN extern "C" {
#define PLAIT_END }
#else
#define PLAIT_BEGIN
#define PLAIT_END
#endif

#if defined(__GNUC__)
#define PLAIT_API __attribute__((visibility("default")))
#define PLAIT_WARN_UNUSED __attribute__((warn_unused_result))
#define PLAIT_PRINTF(words, first) __attribute__((__format__(__printf__, words, first)))
/* What a macro calls: inlined in unoptimized programs, too, so that a place in it is the user's line. */
#define PLAIT__INLINE static inline __attribute__((__always_inline__))
#else
#define PLAIT_API
#define PLAIT_WARN_UNUSED
#define PLAIT_PRINTF(words, first)
#define PLAIT__INLINE static inline
#endif

/* A compound literal of a struct, spelled for both languages. */
#ifdef __cplusplus
#define PLAIT_LITERAL(type) type
#else
#define PLAIT_LITERAL(type) (type)
#endif

#endif
