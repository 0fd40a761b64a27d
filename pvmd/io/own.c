/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/own.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "transport/tcp.h"

#define OWN_EXPANDED_MAX 65536

void own_host_name(char *name, size_t name_max)
{
    if (gethostname(name, name_max) < 0)
        snprintf(name, name_max, "localhost");
    name[name_max - 1] = '\0';
    name[strcspn(name, ".")] = '\0';
    if (name[0] == '\0')
        snprintf(name, name_max, "localhost");
}

void own_arch(char *arch, size_t arch_max)
{
    static const struct {
        const char *machine;
        const char *arch;
    } words[] = {
        { "x86_64", sizeof(void *) == 8 ? "LINUX64" : "LINUX" },
        { "i386", "LINUX" }, { "i486", "LINUX" }, { "i586", "LINUX" }, { "i686", "LINUX" },
        { "aarch64", sizeof(void *) == 8 ? "LINUXARM64" : "LINUXARM" },
        { "armv6l", "LINUXARM" }, { "armv7l", "LINUXARM" }, { "armv8l", "LINUXARM" },
        { "ppc", "LINUXPPC" }, { "ppc64", sizeof(void *) == 8 ? "LINUXPPC64" : "LINUXPPC" },
        { "ppc64le", "LINUXPPC64LE" }, { "s390", "LINUXS390" }, { "s390x", "LINUXS390X" },
        { "sparc64", "LINUXSPARC" }, { "alpha", "LINUXALPHA" }, { "parisc", "LINUXHPPA" },
        { "riscv64", "LINUXRISCV64" }, { "loongarch64", "LINUXLOONG64" }, { "mips", "LINUXMIPS" },
    };
    struct utsname system;

    if (uname(&system) == 0)
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (strcmp(words[i].machine, system.machine) == 0) {
                snprintf(arch, arch_max, "%s", words[i].arch);
                return;
            }
    snprintf(arch, arch_max, sizeof(void *) == 8 ? "LINUX64" : "LINUX");
}

/* ---- $NAME ---- */

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The length of the reference at text, which begins with '$'; 0 for none. name is what it refers to. */
static size_t reference(const char *text, char *name, size_t name_max)
{
    bool braces = text[1] == '{';
    const char *at = text + (braces ? 2 : 1);
    size_t length = 0;

    while (is_name(at[length]))
        length++;
    if (length == 0 || length >= name_max || (braces && at[length] != '}'))
        return 0;
    memcpy(name, at, length);
    name[length] = '\0';
    return (size_t)(at - text) + length + (braces ? 1 : 0);
}

char *own_expand(const char *text)
{
    struct pvmi_buffer out;
    char name[128];
    int rc = PvmOk;

    if (text == NULL)
        return NULL;
    pvmi_buffer_init(&out, OWN_EXPANDED_MAX);
    while (*text != '\0' && rc == PvmOk) {
        size_t length = *text == '$' ? reference(text, name, sizeof(name)) : 0;
        const char *value = length > 0 ? getenv(name) : NULL;

        if (value != NULL) {
            rc = pvmi_buffer_append(&out, value, strlen(value));
            text += length;
        } else {
            rc = pvmi_buffer_append(&out, text++, 1);
        }
    }
    if (rc == PvmOk)
        rc = pvmi_buffer_append(&out, "", 1);
    if (rc != PvmOk)
        pvmi_buffer_fini(&out);
    return (char *)out.data;
}

/* ---- identity ---- */

int own_identify(struct io_own *own)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    int rc = pvmi_identity_new(&own->identity);

    if (rc == PvmOk)
        rc = pvmi_random_bytes(&own->incarnation, sizeof(own->incarnation));
    if (rc != PvmOk)
        return rc;
    pvmi_identity_key(own->identity, own->key);
    snprintf(own->run, sizeof(own->run), "%016llx", (unsigned long long)own->incarnation);
    own->program = pvmi_strndup(length > 0 ? path : PVMI_BINDIR "/pvmd",
                                length > 0 ? (size_t)length : sizeof(PVMI_BINDIR "/pvmd"));
    return own->program != NULL ? PvmOk : PvmNoMem;
}

void own_fini(struct io_own *own)
{
    pvmi_identity_free(own->identity);
    pvmi_free(own->name);
    pvmi_free(own->ip);
    pvmi_free(own->program);
    memset(own, 0, sizeof(*own));
}

/* ---- addresses ---- */

void own_find_addresses(struct io_own *own, const char *advertised)
{
    char found[IO_ADDRESSES_MAX][64];
    const char *first = own->ip != NULL ? own->ip : advertised;
    int count = own->ip == NULL ? pvmi_tcp_own_addresses(found, IO_ADDRESSES_MAX - 1) : 0;

    own->address_count = 0;
    if (first != NULL)
        snprintf(own->addresses[own->address_count++], sizeof(own->addresses[0]), "%s", first);
    for (int i = 0; i < count; i++)
        if (first == NULL || strcmp(found[i], first) != 0)
            memcpy(own->addresses[own->address_count++], found[i], sizeof(found[i]));
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool interfaces_have(const char *address)
{
    struct ifaddrs *interfaces;
    bool found = false;

    if (getifaddrs(&interfaces) < 0)
        return false;
    for (struct ifaddrs *at = interfaces; at != NULL && !found; at = at->ifa_next) {
        char text[NI_MAXHOST];
        int family = at->ifa_addr != NULL ? at->ifa_addr->sa_family : AF_UNSPEC;
        socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

        if ((family != AF_INET && family != AF_INET6) ||
            getnameinfo(at->ifa_addr, length, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        found = strcmp(text, address) == 0;
    }
    freeifaddrs(interfaces);
    return found;
}

bool own_has_address(const struct io_own *own, const char *address)
{
    for (int i = 0; i < own->address_count; i++)
        if (strcmp(own->addresses[i], address) == 0)
            return true;
    if (is_loopback(address))
        return own->ip == NULL && (strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0);
    return interfaces_have(address);
}

void own_record(const struct io_own *own, int speed, int slots, const char *launcher, struct own_strings *strings,
                struct pvmi_rec_host *ret_host)
{
    own_arch(strings->arch, sizeof(strings->arch));
    for (int i = 0; i < own->address_count; i++)
        strings->addresses[i] = (char *)own->addresses[i];
    *ret_host = (struct pvmi_rec_host){
        .number = own->number,
        .incarnation = own->incarnation,
        .name = own->name,
        .addresses = { strings->addresses, (uint32_t)own->address_count },
        .port = own->port,
        .key = { own->key, sizeof(own->key) },
        .arch = strings->arch,
        .format = pvmi_format_own(),
        .dsig = pvmi_format_dsig(pvmi_format_own()),
        .speed = speed,
        .slots = slots,
        .launcher = launcher,
    };
}
