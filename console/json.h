/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes JSON on a stream, value by value. A key of NULL is for members of an array and for the outermost value.
 *
 *     struct json json = json_begin(stdout);
 *     json_open(&json, NULL, '{');
 *     json_string(&json, "name", "alpha");
 *     json_close(&json, '}');       prints {"name":"alpha"}, and the newline after the outermost bracket
 */
#ifndef CONSOLE_JSON_H
#define CONSOLE_JSON_H

#include <stdbool.h>
#include <stdio.h>

struct json {
    FILE *out;
    int depth;
    bool comma;    /* something stands before the next value */
};

struct json json_begin(FILE *out);

/* bracket is '{' or '['; the same depth is closed by '}' or ']'. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);

/* text NULL is null. Bytes that are no UTF-8 become U+FFFD. */
void json_string(struct json *json, const char *key, const char *text);
void json_int(struct json *json, const char *key, long value);
void json_bool(struct json *json, const char *key, bool value);

/* A tid in hexadecimal, as in the tables: "40001"; 0 or less is null. */
void json_tid(struct json *json, const char *key, int tid);

#endif
