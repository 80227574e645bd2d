/* SPDX-License-Identifier: MIT */
#include "proof/failure_pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below so many failing cases what they share may be chance. */
enum { FEW = 4, SEVERAL = 16 };

/* ---- The terms of a case */

static void read_product(const char *word, int extents[PATTERN_EXTENTS])
{
    for (int i = 0; i < PATTERN_EXTENTS; i++) {
        char *end;
        extents[i] = (int)strtol(word, &end, 10);
        if (*end != 'x') return;
        word = end + 1;
    }
}

void pattern_extents_of(const char *case_text, int extents[PATTERN_EXTENTS])
{
    memset(extents, 0, PATTERN_EXTENTS * sizeof *extents);
    for (const char *word = case_text; *(word += strspn(word, " ")); word += strcspn(word, " ")) {
        const size_t digits = strspn(word, "0123456789");
        if (digits > 0 && word[digits] == 'x') {
            read_product(word, extents);
            return;
        }
        if (strncmp(word, "n=", 2) == 0) extents[1] = (int)strtol(word + 2, NULL, 10);
    }
}

static void add_value(struct extent_values *v, int value)
{
    if (v->count == 0 || value < v->smallest) v->smallest = value;
    if (v->count == 0 || value > v->largest) v->largest = value;
    v->count++;
    v->residues[value % PATTERN_LARGEST_MODULUS]++;
}

/* The terms that choose data or number the case explain nothing. */
static bool is_telling(const char *name, size_t length)
{
    static const char *const others[] = {"seed", "special", "rule", "n", "slack"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strlen(others[i]) == length && memcmp(others[i], name, length) == 0) return false;
    return true;
}

static struct pattern_key *find_key(struct failure_pattern *p, const char *name, size_t length)
{
    for (int i = 0; i < p->keys; i++)
        if (strlen(p->key[i].name) == length && memcmp(p->key[i].name, name, length) == 0) return &p->key[i];
    if (p->keys == PATTERN_MAX_KEYS || length >= sizeof p->key->name) return NULL;
    struct pattern_key *k = &p->key[p->keys++];
    *k = (struct pattern_key){.in_all_failed = true};
    memcpy(k->name, name, length);
    return k;
}

static void add_key(struct failure_pattern *p, const char *name, size_t length, const char *value,
                    bool failed)
{
    struct pattern_key *k = is_telling(name, length) ? find_key(p, name, length) : NULL;
    char word[sizeof k->value];
    if (!k) return;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(value, " "), value);
    char *first = failed ? k->value : k->passed;
    if (!*first) snprintf(first, sizeof k->value, "%s", word);
    if (strcmp(first, word) == 0) return;
    if (failed)
        k->in_all_failed = false;
    else
        k->passed_several = true;
}

/* "NT" before the extents is the value of a key without a name in the text. */
static void add_terms(struct failure_pattern *p, const char *text, bool failed)
{
    for (const char *word = text; *(word += strspn(word, " ")); word += strcspn(word, " ")) {
        const size_t length = strcspn(word, " "), name = strcspn(word, "= ");
        if (name < length)
            add_key(p, word, name, word + name + 1, failed);
        else if (length == 2 && strspn(word, "NT") == 2)
            add_key(p, "transposes", strlen("transposes"), word, failed);
    }
}

/* ---- Where a result is wrong */

static unsigned places_of(const struct compare_region *r)
{
    unsigned places = 0;
    if (r->last_column == 0) places |= WRONG_IN_FIRST_COLUMN;
    if (r->first_column == r->columns - 1) places |= WRONG_IN_LAST_COLUMN;
    if (r->last_row == 0) places |= WRONG_IN_FIRST_ROW;
    if (r->first_row == r->rows - 1) places |= WRONG_IN_LAST_ROW;
    for (int i = 0; i < 4; i++) {
        const long long vector = 4LL << i;
        if (r->first_column >= r->columns / vector * vector) places |= (unsigned)WRONG_IN_COLUMN_TAIL << i;
        if (r->first_row >= r->rows / vector * vector) places |= (unsigned)WRONG_IN_ROW_TAIL << i;
    }
    return places;
}

void pattern_add(struct failure_pattern *p, const char *case_text, const struct compare_region *wrong)
{
    int extents[PATTERN_EXTENTS];
    pattern_extents_of(case_text, extents);
    for (int i = 0; i < PATTERN_EXTENTS; i++)
        if (extents[i] > 0) add_value(wrong ? &p->extents[i].failed : &p->extents[i].passed, extents[i]);
    add_terms(p, case_text, wrong != NULL);
    if (!wrong) {
        p->passed++;
        return;
    }
    p->failed++;
    if (wrong->rows == 0) return;
    p->places = p->located++ > 0 ? p->places & places_of(wrong) : places_of(wrong);
    if (wrong->rows > p->max_rows) p->max_rows = wrong->rows;
    if (wrong->columns > p->max_columns) p->max_columns = wrong->columns;
}

void pattern_add_class(struct failure_pattern *p, const char *cases, long long failed)
{
    if (strcmp(cases, "training shapes") == 0) p->training = failed > 0 ? -1 : 1;
}

/* ---- The sentence */

static void say(char text[PATTERN_TEXT], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(char text[PATTERN_TEXT], const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    const int more = snprintf(text + used, PATTERN_TEXT - used, "%s", used ? "; " : "");
    if (used + (size_t)more < PATTERN_TEXT)
        vsnprintf(text + used + more, PATTERN_TEXT - used - (size_t)more, format, arguments);
    va_end(arguments);
}

/* "all in column n-1": the narrowest remark on columns, or on rows, that holds. most: of them in any result,
 * for which it has to say something. */
static void say_line(unsigned places, const char *line, long long most, const unsigned bits[3],
                     char text[PATTERN_TEXT])
{
    if (most > 1 && (places & bits[0])) {
        say(text, "all in %s %s-1", line, line[0] == 'c' ? "n" : "m");
        return;
    }
    if (most > 1 && (places & bits[1])) {
        say(text, "all in %s 0", line);
        return;
    }
    for (int i = 0, vector = 4; i < 4; i++, vector *= 2)
        if (most > vector && (places & bits[2] << i)) {
            say(text, "all in the %ss after the last multiple of %d", line, vector);
            return;
        }
}

static void say_places(const struct failure_pattern *p, char text[PATTERN_TEXT])
{
    static const unsigned columns[] = {WRONG_IN_LAST_COLUMN, WRONG_IN_FIRST_COLUMN, WRONG_IN_COLUMN_TAIL};
    static const unsigned rows[] = {WRONG_IN_LAST_ROW, WRONG_IN_FIRST_ROW, WRONG_IN_ROW_TAIL};
    if (p->located == 0 || p->located < p->failed) return;
    if (p->extents[1].failed.count == p->failed) say_line(p->places, "column", p->max_columns, columns, text);
    if (p->extents[0].failed.count == p->failed) say_line(p->places, "row", p->max_rows, rows, text);
}

/* How many have a residue of first..last modulo `modulus`. */
static int count_within(const struct extent_values *v, int modulus, int first, int last)
{
    int count = 0;
    for (int r = 0; r < PATTERN_LARGEST_MODULUS; r++)
        if (r % modulus >= first && r % modulus <= last) count += v->residues[r];
    return count;
}

/* The smallest range of residues that has all of them. */
static void range_of(const struct extent_values *v, int modulus, int *first, int *last)
{
    for (*first = 0; count_within(v, modulus, *first, *first) == 0;) ++*first;
    for (*last = modulus - 1; count_within(v, modulus, *last, *last) == 0;) --*last;
}

/* "n mod 32 in 17..31": the smallest modulus at which the failing cases keep to three quarters of the
 * residues or less, and are most of the cases there: all of them, unless so many failed that this cannot be
 chance. */
static bool say_residues(const struct pattern_extent *e, const char *name, char text[PATTERN_TEXT])
{
    for (int modulus = 2; modulus <= PATTERN_LARGEST_MODULUS; modulus *= 2) {
        int first, last;
        range_of(&e->failed, modulus, &first, &last);
        const int others = count_within(&e->passed, modulus, first, last);
        if (4 * (last - first + 1) > 3 * modulus) continue;
        if (others > (e->failed.count < SEVERAL ? 0 : e->failed.count / 2)) continue;
        if (first == last)
            say(text, "%s mod %d = %d", name, modulus, first);
        else
            say(text, "%s mod %d in %d..%d", name, modulus, first, last);
        return true;
    }
    return false;
}

static void say_extents(const struct failure_pattern *p, char text[PATTERN_TEXT])
{
    static const char *const names[PATTERN_EXTENTS] = {"m", "n", "k"};
    for (int i = 0; i < PATTERN_EXTENTS; i++) {
        const struct pattern_extent *e = &p->extents[i];
        const struct extent_values *failed = &e->failed, *passed = &e->passed;
        const bool passed_varies = passed->smallest < passed->largest;
        if (failed->count < p->failed || passed->count < FEW) continue;
        if (failed->smallest > passed->largest)
            say(text, "%s of %d and more", names[i], failed->smallest);
        else if (failed->largest < passed->smallest)
            say(text, "%s of %d and less", names[i], failed->largest);
        else if (failed->smallest == failed->largest && passed_varies)
            say(text, "%s = %d", names[i], failed->smallest);
        else if (passed_varies && !say_residues(e, names[i], text) && failed->count >= SEVERAL &&
                 failed->smallest >= 8 && passed->smallest < failed->smallest)
            say(text, "%s of %d and more", names[i], failed->smallest);
    }
}

static void say_keys(const struct failure_pattern *p, char text[PATTERN_TEXT])
{
    for (int i = 0; p->failed >= FEW && i < p->keys; i++) {
        const struct pattern_key *k = &p->key[i];
        const bool passed_otherwise = k->passed_several || (k->passed[0] && strcmp(k->passed, k->value) != 0);
        if (k->value[0] && k->in_all_failed && passed_otherwise)
            say(text, "all with %s=%s", k->name, k->value);
    }
}

char *pattern_text(const struct failure_pattern *p, char text[PATTERN_TEXT])
{
    text[0] = 0;
    if (p->failed >= 2) {
        say_places(p, text);
        if (p->passed == 0) say(text, "every case fails");
        say_extents(p, text);
        say_keys(p, text);
    }
    if (p->failed > 0 && p->training) say(text, "the training shapes %s", p->training > 0 ? "pass" : "fail");
    return text;
}
