/* Hints: who is told what, in which language, and what a name can do to a sentence: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/prng.h"
#include "base/utf8.h"
#include "client/hint.h"
#include "unsay/hint.h"
#include "unsay/unsay.h"

#include <stdio.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define FSI "\u2068"
#define PDI "\u2069"

enum { TEXT_BYTES = 2048 };

static void assert_hint(const struct unsay_hint *hint, const char *expected)
{
    char text[TEXT_BYTES];
    size_t size = unsay_hint(hint, text, sizeof(text));
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
}

/* Li took back a photo of his own, seen by Wang; each test changes what it is about. */
static struct unsay_hint hint_example(void)
{
    return (struct unsay_hint){
        .viewer = "wang",
        .operator_user = "li",
        .operator_name = "Li",
        .author = "li",
        .author_name = "Li",
        .actor = UNSAY_ACTOR_SELF,
        .content_type = UNSAY_CONTENT_IMAGE,
    };
}

/* Li, an administrator, took back a message of Wang. */
static struct unsay_hint hint_by_admin(const char *viewer)
{
    struct unsay_hint hint = hint_example();
    hint.viewer = viewer;
    hint.author = "wang";
    hint.author_name = "Wang";
    hint.actor = UNSAY_ACTOR_ADMIN;
    hint.content_type = UNSAY_CONTENT_TEXT;
    return hint;
}

static void one_s_own_message(void **state)
{
    struct unsay_hint hint = hint_example();
    (void)state;
    assert_hint(&hint, "Li took back a photo");
    hint.viewer = "li";
    assert_hint(&hint, "You took back a photo");
    hint.operator_user = NULL;
    assert_hint(&hint, "You took back a photo");
    hint.viewer = NULL;
    assert_hint(&hint, "Li took back a photo");
    hint.operator_name = "";
    assert_hint(&hint, "Li took back a photo");
    hint.author_name = NULL;
    assert_hint(&hint, "li took back a photo");
    hint.author = NULL;
    assert_hint(&hint, "Someone took back a photo");
}

static void a_message_of_somebody_else(void **state)
{
    struct unsay_hint hint = hint_by_admin("wang");
    (void)state;
    assert_hint(&hint, "Li (admin) took back your message");
    hint.actor = UNSAY_ACTOR_OWNER;
    assert_hint(&hint, "Li (owner) took back your message");
    hint.actor = UNSAY_ACTOR_MODERATOR;
    assert_hint(&hint, "Li (moderator) took back your message");
    hint.actor = UNSAY_ACTOR_GUEST;
    assert_hint(&hint, "Li took back your message");
    hint.actor = UNSAY_ACTOR_MEMBER;
    hint.viewer = "zhao";
    assert_hint(&hint, "Li took back a message sent by Wang");
    hint.actor = UNSAY_ACTOR_ADMIN;
    assert_hint(&hint, "Li (admin) took back a message sent by Wang");
    hint.viewer = "li";
    assert_hint(&hint, "You took back a message sent by Wang");
    hint.author = hint.author_name = "";
    assert_hint(&hint, "You took back a message");
}

static void a_role_without_a_name(void **state)
{
    struct unsay_hint hint = hint_by_admin("wang");
    (void)state;
    hint.operator_user = hint.operator_name = NULL;
    assert_hint(&hint, "An administrator took back your message");
    hint.viewer = "zhao";
    assert_hint(&hint, "An administrator took back a message sent by Wang");
    hint.actor = UNSAY_ACTOR_OWNER;
    assert_hint(&hint, "The owner took back a message sent by Wang");
    hint.actor = UNSAY_ACTOR_MODERATOR;
    assert_hint(&hint, "A moderator took back a message sent by Wang");
    hint.actor = 0;
    assert_hint(&hint, "Someone took back a message sent by Wang");
}

static void an_administrator_s_own_message_has_no_role(void **state)
{
    struct unsay_hint hint = hint_example();
    (void)state;
    hint.actor = UNSAY_ACTOR_ADMIN;
    assert_hint(&hint, "Li took back a photo");
}

static void the_product_and_the_law_have_no_name(void **state)
{
    static const char *const viewers[] = {"li", "wang", "zhao"};
    struct unsay_hint hint = hint_by_admin(NULL);
    (void)state;
    for (size_t i = 0; i < COUNT(viewers); i++) {
        hint.viewer = viewers[i];
        hint.actor = UNSAY_ACTOR_SYSTEM;
        assert_hint(&hint, "This message was removed");
        hint.actor = UNSAY_ACTOR_COMPLIANCE;
        assert_hint(&hint, "This message was removed");
    }
    hint.count = 3;
    hint.content_type = UNSAY_CONTENT_VIDEO;
    assert_hint(&hint, "3 videos were removed");
}

static void a_vanished_message_leaves_no_hint(void **state)
{
    struct unsay_hint hint = hint_example();
    (void)state;
    hint.is_vanished = true;
    assert_hint(&hint, "");
}

static void each_type_of_content(void **state)
{
    static const char *const nouns[] = {
        "a message", "a message",  "a photo",   "a voice message", "a video",
        "a file",    "a location", "a message", "a message",
    };
    char expected[64];
    struct unsay_hint hint = hint_example();
    (void)state;
    for (size_t i = 0; i < COUNT(nouns); i++) {
        hint.content_type = (enum unsay_content_type)i;
        snprintf(expected, sizeof(expected), "Li took back %s", nouns[i]);
        assert_hint(&hint, expected);
    }
    hint.content_type = (enum unsay_content_type)UINT32_MAX;
    hint.actor = (enum unsay_actor)UINT32_MAX;
    assert_hint(&hint, "Li took back a message");
}

/* How each language says two of the sentences. */
static const struct {
    const char *language;
    const char *own;
    const char *by_admin;
} spoken[] = {
    {"en", "You took back a photo", "Li (admin) took back 3 of your messages"},
    {"zh-Hans", "你撤回了一张图片", "Li（管理员）撤回了你的3条消息"},
    {"zh-Hant", "你已收回一張照片", "Li（管理員）已收回你的3則訊息"},
    {"ja", "写真の送信を取り消しました", "Liさん（管理者）があなたのメッセージ3件を取り消しました"},
    {"ko", "사진을 삭제했습니다", "Li님(관리자)이 내 메시지 3개를 삭제했습니다"},
    {"id", "Anda menghapus sebuah foto", "Li (admin) menghapus 3 pesan Anda"},
    {"vi", "Bạn đã thu hồi một ảnh", "Li (quản trị viên) đã thu hồi 3 tin nhắn của bạn"},
    {"th", "คุณยกเลิกการส่งรูปภาพ", "Li (แอดมิน) ลบข้อความ 3 รายการของคุณ"},
    {"hi", "आपने एक फ़ोटो डिलीट की", "Li (एडमिन) ने आपके 3 मैसेज डिलीट किए"},
    {"ar", "قمت بحذف صورة", "تم حذف 3 من رسائلك بواسطة " FSI "Li" PDI " (الإدارة)"},
    {"es", "Eliminaste una foto", "Li (administración) eliminó 3 de tus mensajes"},
    {"pt", "Você apagou uma foto", "Li (admin) apagou 3 das suas mensagens"},
    {"fr", "Vous avez supprimé une photo", "Li (admin) a supprimé 3 de vos messages"},
    {"de", "Du hast ein Foto gelöscht", "Li (Admin) hat 3 deiner Nachrichten gelöscht"},
    {"ru", "Вы удалили фото", "Администратор Li удалил 3 ваших сообщения"},
};

static void each_language(void **state)
{
    const char *const *languages = unsay_hint_languages();
    (void)state;
    for (size_t i = 0; i < COUNT(spoken); i++) {
        struct unsay_hint own = hint_example();
        struct unsay_hint by_admin = hint_by_admin("wang");
        assert_string_equal(languages[i], spoken[i].language);
        own.language = by_admin.language = spoken[i].language;
        own.viewer = "li";
        by_admin.count = 3;
        assert_hint(&own, spoken[i].own);
        assert_hint(&by_admin, spoken[i].by_admin);
    }
    assert_null(languages[COUNT(spoken)]);
}

static void the_nearest_language_speaks(void **state)
{
    static const struct {
        const char *tag;
        const char *language;
    } cases[] = {
        {"zh-TW", "zh-Hant"},
        {"zh-HK", "zh-Hant"},
        {"zh-MO", "zh-Hant"},
        {"zh-hant-CN", "zh-Hant"},
        {"zh-Hans-HK", "zh-Hans"},
        {"zh-CN", "zh-Hans"},
        {"zh", "zh-Hans"},
        {"ZH_tw.UTF-8", "zh-Hant"},
        {"zh-SG", "zh-Hans"},
        {"zh-cmn-Hant-TW", "zh-Hant"},
        {"pt-BR", "pt"},
        {"pt_PT.UTF-8", "pt"},
        {"en-GB", "en"},
        {"de-DE-1996", "de"},
        {"de_AT@euro", "de"},
        {"es-419", "es"},
        {"in", "id"},
        {"ID-id", "id"},
        {"ar-EG-u-nu-arab", "ar"},
        {"fr", "fr"},
        {"ru.KOI8-R", "ru"},
        {NULL, "en"},
        {"", "en"},
        {"C", "en"},
        {"POSIX", "en"},
        {"tlh", "en"},
        {"d", "en"},
        {"deu", "en"},
        {"-", "en"},
        {"---de", "de"},
        {"zh-TWX", "zh-Hans"},
        {"e\xff", "en"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t j = 0; j < COUNT(spoken); j++) {
            struct unsay_hint hint = hint_example();
            hint.language = cases[i].tag;
            hint.viewer = "li";
            if (strcmp(spoken[j].language, cases[i].language) == 0)
                assert_hint(&hint, spoken[j].own);
        }
    }
}

/* The samples of CLDR's chart, and the ends of what is counted. */
static void each_number_has_its_plural(void **state)
{
    static const struct {
        const char *language;
        uint32_t count;
        const char *text;
    } cases[] = {
        {"ru", 0, "Вы удалили файл"},
        {"ru", 1, "Вы удалили файл"},
        {"ru", 2, "Вы удалили 2 файла"},
        {"ru", 4, "Вы удалили 4 файла"},
        {"ru", 5, "Вы удалили 5 файлов"},
        {"ru", 11, "Вы удалили 11 файлов"},
        {"ru", 14, "Вы удалили 14 файлов"},
        {"ru", 20, "Вы удалили 20 файлов"},
        {"ru", 21, "Вы удалили 21 файл"},
        {"ru", 22, "Вы удалили 22 файла"},
        {"ru", 101, "Вы удалили 101 файл"},
        {"ru", 111, "Вы удалили 111 файлов"},
        {"ru", 112, "Вы удалили 112 файлов"},
        {"ar", 1, "قمت بحذف ملف"},
        {"ar", 2, "قمت بحذف ملفين"},
        {"ar", 3, "قمت بحذف 3 ملفات"},
        {"ar", 10, "قمت بحذف 10 ملفات"},
        {"ar", 11, "قمت بحذف 11 ملفًا"},
        {"ar", 99, "قمت بحذف 99 ملفًا"},
        {"ar", 100, "قمت بحذف 100 ملف"},
        {"ar", 102, "قمت بحذف 102 ملف"},
        {"ar", 103, "قمت بحذف 103 ملفات"},
        {"ar", 111, "قمت بحذف 111 ملفًا"},
        {"en", 2, "You took back 2 files"},
        {"en", 21, "You took back 21 files"},
        {"en", 999999, "You took back 999999 files"},
        {"en", UINT32_MAX, "You took back 999999 files"},
    };
    struct unsay_hint hint = hint_example();
    (void)state;
    hint.viewer = "li";
    hint.content_type = UNSAY_CONTENT_FILE;
    for (size_t i = 0; i < COUNT(cases); i++) {
        hint.language = cases[i].language;
        hint.count = cases[i].count;
        assert_hint(&hint, cases[i].text);
    }
}

static void a_name_cannot_break_the_line(void **state)
{
    static const struct {
        const char *name;
        const char *shown;
    } cases[] = {
        {"  Li  Wei ", "Li Wei"},
        {"Li\r\n\tWei\x1b[2J", "Li Wei [2J"},
        {"Li\u2028Wei\xc2\x85", "Li Wei"},
        {"\u202eiL\u202c", "iL"},
        {"Li\u2069\u2067 Wei\u200f", "Li Wei"},
        {"L\u200bi\ufeff\u00ad", "Li"},
        {"{author} {", "{author} {"},
        {"%s", "%s"},
        {"L\xffi\xc3(\xed\xa0\x80\xf4\x90\x80\x80\xe4\xb8", "Li("},
        {"王\u3000伟", "王 伟"},
        {"👨‍👩‍👧 Li", "👨‍👩‍👧 Li"},
        {"\u200d\ufe0f\u3164", "li"}, /* nothing to see: the id instead */
        {"0123456789abcdefghijklmnopqrstuv", "0123456789abcdefghijklmnopqrstuv"},
        {"0123456789abcdefghijklmnopqrstuvw", "0123456789abcdefghijklmnopqrstuv…"},
        {"0123456789abcdefghijklmnopqrstu v", "0123456789abcdefghijklmnopqrstu…"},
        {"0123456789abcdefghijklmnopqrstuv \n", "0123456789abcdefghijklmnopqrstuv"},
        {"𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀",
         "𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀…"},
    };
    char expected[TEXT_BYTES];
    struct unsay_hint hint = hint_example();
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        hint.operator_name = cases[i].name;
        snprintf(expected, sizeof(expected), "%s took back a photo", cases[i].shown);
        assert_hint(&hint, expected);
    }
}

static void a_name_of_the_other_direction_is_isolated(void **state)
{
    struct unsay_hint hint = hint_by_admin("zhao");
    (void)state;
    hint.operator_name = "ليلى";
    assert_hint(&hint, FSI "ليلى" PDI " (admin) took back a message sent by Wang");
    hint.author_name = "דנה";
    assert_hint(&hint, FSI "ليلى" PDI " (admin) took back a message sent by " FSI "דנה" PDI);
    hint.language = "ar";
    hint.author_name = "Wang";
    assert_hint(&hint, "تم حذف رسالة من " FSI "Wang" PDI " بواسطة " FSI "ليلى" PDI " (الإدارة)");
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + strlen(part), part))
        count++;
    return count;
}

/* As snprintf: the beginning that fits, whole characters, no name left open, never beyond. */
static void what_does_not_fit_is_cut(void **state)
{
    char whole[TEXT_BYTES];
    char text[TEXT_BYTES];
    struct unsay_hint hint = hint_by_admin("zhao");
    (void)state;
    hint.language = "ar";
    size_t size = unsay_hint(&hint, whole, sizeof(whole));
    assert_int_equal(unsay_hint(&hint, NULL, 0), size);
    for (size_t bytes = 1; bytes <= size + 2; bytes++) {
        memset(text, 'x', sizeof(text));
        assert_int_equal(unsay_hint(&hint, text, bytes), size);
        size_t kept = strlen(text);
        assert_true(kept < bytes);
        assert_memory_equal(text, whole, kept);
        assert_true(utf8_is_valid(view_of(text)));
        assert_int_equal(count_of(text, FSI), count_of(text, PDI));
        assert_int_equal(text[bytes], 'x');
    }
    assert_string_equal(text, whole);
}

/* Every text of every language, with the longest names. */
static void every_hint_is_one_whole_line(void **state)
{
    static const char *const viewers[] = {"li", "wang", "zhao"};
    static const uint32_t counts[] = {1, 2, 3, 11, 21, 100, 999999};
    static const char longest[] =
        "界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界界";
    char text[TEXT_BYTES];
    (void)state;
    size_t cases = COUNT(spoken) * COUNT(viewers) * COUNT(counts) * 9 * 8 * 2;
    for (size_t i = 0; i < cases; i++) {
        size_t rest = i;
        struct unsay_hint hint = hint_by_admin(NULL);
        hint.language = spoken[rest % COUNT(spoken)].language;
        rest /= COUNT(spoken);
        hint.viewer = viewers[rest % COUNT(viewers)];
        rest /= COUNT(viewers);
        hint.count = counts[rest % COUNT(counts)];
        rest /= COUNT(counts);
        hint.actor = (enum unsay_actor)(rest % 9);
        rest /= 9;
        hint.content_type = (enum unsay_content_type)(rest % 8);
        hint.operator_name = hint.author_name = longest;
        if (rest / 8 == 1)
            hint.operator_user = hint.operator_name = NULL;
        size_t size = unsay_hint(&hint, text, sizeof(text));
        assert_int_equal(size, strlen(text));
        assert_in_range(size, 10, 600);
        assert_true(utf8_is_valid(view_of(text)));
        assert_null(strpbrk(text, "{}\n"));
        assert_null(strstr(text, "  "));
        assert_int_equal(count_of(text, FSI), count_of(text, PDI));
    }
}

/* Names of any bytes, room of any size. */
static void any_name_any_room(void **state)
{
    enum { ROUNDS = 20000, NAME_BYTES = 200 };
    static const char *const pieces[] = {
        "\u2068",   "\u2069",   "\u202e", "\n", "ب",      "Ω",
        "\xe2\x81", "\xf0\x90", "{what}", " ",  "\u200d",
    };
    (void)state;
    struct prng prng = {.state = 20261122};
    for (size_t round = 0; round < ROUNDS; round++) {
        char names[2][NAME_BYTES + 8];
        char text[TEXT_BYTES];
        for (size_t i = 0; i < 2; i++) {
            size_t size = 0;
            size_t size_max = prng_below(&prng, NAME_BYTES);
            while (size < size_max) {
                const char *piece = pieces[prng_below(&prng, COUNT(pieces))];
                if (prng_below(&prng, 3) == 0)
                    names[i][size++] = (char)(1 + prng_below(&prng, 255));
                else
                    size += (size_t)snprintf(names[i] + size, 8, "%s", piece);
            }
            names[i][size] = 0;
        }
        struct unsay_hint hint = hint_by_admin("zhao");
        hint.language = spoken[prng_below(&prng, COUNT(spoken))].language;
        hint.operator_name = names[0];
        hint.author_name = names[1];
        size_t bytes = 1 + prng_below(&prng, 400);
        size_t size = unsay_hint(&hint, text, bytes);
        assert_true(size < TEXT_BYTES && strlen(text) < bytes);
        assert_true(utf8_is_valid(view_of(text)));
        assert_null(strpbrk(text, "\n\r\t\x1b"));
        assert_null(strstr(text, "\u202e"));
        assert_int_equal(count_of(text, FSI), count_of(text, PDI));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_s_own_message),
        cmocka_unit_test(a_message_of_somebody_else),
        cmocka_unit_test(a_role_without_a_name),
        cmocka_unit_test(an_administrator_s_own_message_has_no_role),
        cmocka_unit_test(the_product_and_the_law_have_no_name),
        cmocka_unit_test(a_vanished_message_leaves_no_hint),
        cmocka_unit_test(each_type_of_content),
        cmocka_unit_test(each_language),
        cmocka_unit_test(the_nearest_language_speaks),
        cmocka_unit_test(each_number_has_its_plural),
        cmocka_unit_test(a_name_cannot_break_the_line),
        cmocka_unit_test(a_name_of_the_other_direction_is_isolated),
        cmocka_unit_test(what_does_not_fit_is_cut),
        cmocka_unit_test(every_hint_is_one_whole_line),
        cmocka_unit_test(any_name_any_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
