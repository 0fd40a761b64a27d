/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/table.h"
#include "pvm3.h"

static int nothing_leaked(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* A value for number n: never NULL. */
static void *value_of(uint64_t n)
{
    return (void *)(uintptr_t)(n + 1);
}

/* The keys of a walk. Returns how many. */
static int walk_keys(const struct pvmi_table *table, uint64_t *keys, int max)
{
    uint32_t cursor = 0;
    int count = 0;

    while (count < max && pvmi_table_next(table, &cursor, &keys[count]) != NULL)
        count++;
    return count;
}

static void an_empty_table_has_nothing(void **state)
{
    (void)state;
    struct pvmi_table table;
    uint32_t cursor = 0;

    pvmi_table_init(&table);
    assert_null(pvmi_table_get(&table, 0));
    assert_null(pvmi_table_remove(&table, 0));
    assert_null(pvmi_table_next(&table, &cursor, NULL));
    pvmi_table_fini(&table);
}

static void what_was_set_is_found_until_it_is_removed(void **state)
{
    (void)state;
    struct pvmi_table table;

    pvmi_table_init(&table);
    for (uint64_t key = 0; key < 1000; key++)
        assert_int_equal(pvmi_table_set(&table, key << 18, value_of(key)), PvmOk);
    assert_int_equal(table.count, 1000);
    for (uint64_t key = 0; key < 1000; key += 2)
        assert_ptr_equal(pvmi_table_remove(&table, key << 18), value_of(key));
    for (uint64_t key = 0; key < 1000; key++)
        assert_ptr_equal(pvmi_table_get(&table, key << 18), key % 2 == 0 ? NULL : value_of(key));
    assert_int_equal(table.count, 500);
    assert_null(pvmi_table_remove(&table, 0));
    pvmi_table_fini(&table);
    assert_int_equal(table.count, 0);
}

static void setting_again_replaces_in_place(void **state)
{
    (void)state;
    struct pvmi_table table;
    uint64_t keys[8];

    pvmi_table_init(&table);
    for (uint64_t key = 5; key > 0; key--)
        pvmi_table_set(&table, key, value_of(key));
    pvmi_table_set(&table, 4, value_of(40));
    assert_ptr_equal(pvmi_table_get(&table, 4), value_of(40));
    assert_int_equal(table.count, 5);
    assert_int_equal(walk_keys(&table, keys, 8), 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(keys[i], 5 - i);
    pvmi_table_fini(&table);
}

static void a_key_that_comes_back_stands_last(void **state)
{
    (void)state;
    struct pvmi_table table;
    uint64_t keys[4];

    pvmi_table_init(&table);
    for (uint64_t key = 1; key <= 3; key++)
        pvmi_table_set(&table, key, value_of(key));
    pvmi_table_remove(&table, 1);
    pvmi_table_set(&table, 1, value_of(1));
    assert_int_equal(walk_keys(&table, keys, 4), 3);
    assert_int_equal(keys[0], 2);
    assert_int_equal(keys[1], 3);
    assert_int_equal(keys[2], 1);
    pvmi_table_fini(&table);
}

static void a_walk_may_remove_what_it_was_given(void **state)
{
    (void)state;
    struct pvmi_table table;
    uint32_t cursor = 0;
    uint64_t key;
    uint64_t expected = 0;

    pvmi_table_init(&table);
    for (uint64_t i = 0; i < 100; i++)
        pvmi_table_set(&table, i, value_of(i));
    while (pvmi_table_next(&table, &cursor, &key) != NULL) {
        assert_int_equal(key, expected++);
        assert_ptr_equal(pvmi_table_remove(&table, key), value_of(key));
    }
    assert_int_equal(expected, 100);
    assert_int_equal(table.count, 0);
    pvmi_table_fini(&table);
}

/* Each step removes the entry given and sets two new ones: holes are closed and memory moves under way. */
static void a_walk_shows_each_old_entry_once_while_others_are_set(void **state)
{
    (void)state;
    struct pvmi_table table;
    int seen[200] = { 0 };
    uint32_t cursor = 0;
    uint64_t key;
    uint64_t next = 1000;

    pvmi_table_init(&table);
    for (uint64_t i = 0; i < 200; i++)
        pvmi_table_set(&table, i, value_of(i));
    while (pvmi_table_next(&table, &cursor, &key) != NULL && next < 20000) {
        if (key >= 1000)
            continue;
        seen[key]++;
        if (key % 3 != 0)
            pvmi_table_remove(&table, key);
        for (int i = 0; i < 2; i++, next++) {
            pvmi_table_set(&table, next, value_of(next));
            pvmi_table_remove(&table, next - 5);
        }
    }
    for (int i = 0; i < 200; i++)
        assert_int_equal(seen[i], 1);
    pvmi_table_fini(&table);
}

static void coming_and_going_does_not_grow_a_table(void **state)
{
    (void)state;
    struct pvmi_table table;

    pvmi_table_init(&table);
    for (uint64_t i = 0; i < 100000; i++) {
        assert_int_equal(pvmi_table_set(&table, i, value_of(i)), PvmOk);
        if (i >= 10)
            assert_non_null(pvmi_table_remove(&table, i - 10));
    }
    assert_int_equal(table.count, 10);
    assert_true(table.slot_count <= 64);
    pvmi_table_fini(&table);
}

static void a_table_without_memory_stays_as_it_was(void **state)
{
    (void)state;
    struct pvmi_table table;
    uint64_t keys[200];

    pvmi_table_init(&table);
    for (uint64_t key = 0; key < 100; key++) {
        int rc = PvmNoMem;

        for (int nth = 0; rc != PvmOk; nth++) {
            assert_true(nth < 5);
            assert_int_equal(walk_keys(&table, keys, 200), key);
            assert_null(pvmi_table_get(&table, key));
            pvmi_alloc_fail_nth(nth);
            rc = pvmi_table_set(&table, key, value_of(key));
        }
        pvmi_alloc_fail_nth(-1);
    }
    assert_int_equal(table.count, 100);
    pvmi_table_fini(&table);
}

/* A plain array that does the same. */
struct model {
    uint64_t keys[4096];
    uint64_t values[4096];
    int count;
};

static int model_find(const struct model *model, uint64_t key)
{
    for (int i = 0; i < model->count; i++)
        if (model->keys[i] == key)
            return i;
    return -1;
}

static void model_remove(struct model *model, int at)
{
    memmove(&model->keys[at], &model->keys[at + 1], (size_t)(model->count - at - 1) * sizeof(uint64_t));
    memmove(&model->values[at], &model->values[at + 1], (size_t)(model->count - at - 1) * sizeof(uint64_t));
    model->count--;
}

static void compare_with_model(const struct pvmi_table *table, const struct model *model)
{
    uint32_t cursor = 0;
    uint64_t key;

    assert_int_equal(table->count, model->count);
    for (int i = 0; i < model->count; i++) {
        assert_ptr_equal(pvmi_table_next(table, &cursor, &key), value_of(model->values[i]));
        assert_int_equal(key, model->keys[i]);
    }
    assert_null(pvmi_table_next(table, &cursor, &key));
}

static void random_histories_agree_with_a_plain_array(void **state)
{
    (void)state;
    static struct model model;
    struct pvmi_table table;
    unsigned seed = (unsigned)time(NULL);

    print_message("seed %u\n", seed);
    pvmi_table_init(&table);
    for (int step = 0; step < 20000; step++) {
        uint64_t key = (uint64_t)rand_r(&seed) % 300 << (rand_r(&seed) % 2 * 32);
        int at = model_find(&model, key);

        /* Long phases of mostly setting and mostly removing, to pass through all sizes. */
        if (rand_r(&seed) % 10 < (step / 2000 % 2 == 0 ? 7 : 3)) {
            assert_int_equal(pvmi_table_set(&table, key, value_of((uint64_t)step)), PvmOk);
            at = at < 0 ? model.count++ : at;
            model.keys[at] = key;
            model.values[at] = (uint64_t)step;
        } else {
            assert_ptr_equal(pvmi_table_remove(&table, key), at < 0 ? NULL : value_of(model.values[at]));
            if (at >= 0)
                model_remove(&model, at);
        }
        if (step % 97 == 0)
            compare_with_model(&table, &model);
    }
    compare_with_model(&table, &model);
    pvmi_table_fini(&table);
}

static void names_are_copied_and_compared_whole(void **state)
{
    (void)state;
    struct pvmi_names names;
    char key[16];
    const char *shown;
    uint32_t cursor = 0;

    pvmi_names_init(&names);
    for (uint64_t i = 0; i < 500; i++) {
        snprintf(key, sizeof(key), "host%u", (unsigned)i);
        assert_int_equal(pvmi_names_set(&names, key, value_of(i)), PvmOk);
    }
    assert_int_equal(pvmi_names_set(&names, "", value_of(500)), PvmOk);
    memset(key, 'x', sizeof(key) - 1);
    assert_ptr_equal(pvmi_names_get(&names, "host17"), value_of(17));
    assert_ptr_equal(pvmi_names_get(&names, ""), value_of(500));
    assert_null(pvmi_names_get(&names, "host"));
    assert_ptr_equal(pvmi_names_remove(&names, "host0"), value_of(0));
    assert_null(pvmi_names_remove(&names, "host0"));
    assert_int_equal(pvmi_names_set(&names, "host17", value_of(1700)), PvmOk);
    assert_ptr_equal(pvmi_names_next(&names, &cursor, &shown), value_of(1));
    assert_string_equal(shown, "host1");
    assert_ptr_equal(pvmi_names_get(&names, "host17"), value_of(1700));
    pvmi_names_fini(&names);
}

static void names_without_memory_stay_as_they_were(void **state)
{
    (void)state;
    struct pvmi_names names;
    char key[16];

    pvmi_names_init(&names);
    for (uint64_t i = 0; i < 50; i++) {
        int rc = PvmNoMem;

        snprintf(key, sizeof(key), "name%u", (unsigned)i);
        for (int nth = 0; rc != PvmOk; nth++) {
            assert_true(nth < 6);
            assert_null(pvmi_names_get(&names, key));
            pvmi_alloc_fail_nth(nth);
            rc = pvmi_names_set(&names, key, value_of(i));
        }
        pvmi_alloc_fail_nth(-1);
    }
    pvmi_names_fini(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_empty_table_has_nothing, nothing_leaked),
        cmocka_unit_test_teardown(what_was_set_is_found_until_it_is_removed, nothing_leaked),
        cmocka_unit_test_teardown(setting_again_replaces_in_place, nothing_leaked),
        cmocka_unit_test_teardown(a_key_that_comes_back_stands_last, nothing_leaked),
        cmocka_unit_test_teardown(a_walk_may_remove_what_it_was_given, nothing_leaked),
        cmocka_unit_test_teardown(a_walk_shows_each_old_entry_once_while_others_are_set, nothing_leaked),
        cmocka_unit_test_teardown(coming_and_going_does_not_grow_a_table, nothing_leaked),
        cmocka_unit_test_teardown(a_table_without_memory_stays_as_it_was, nothing_leaked),
        cmocka_unit_test_teardown(random_histories_agree_with_a_plain_array, nothing_leaked),
        cmocka_unit_test_teardown(names_are_copied_and_compared_whole, nothing_leaked),
        cmocka_unit_test_teardown(names_without_memory_stay_as_they_were, nothing_leaked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
