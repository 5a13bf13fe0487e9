#include "io/download_module.h"

#include <curl/curl.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstring>

namespace {

using reel::Transfer;

struct State {
  Transfer* transfer;
  EVP_MD_CTX* digest;
};

size_t on_data(char* data, size_t size, size_t count, void* user) {
  auto* s = static_cast<State*>(user);
  size_t bytes = size * count;
  if (EVP_DigestUpdate(s->digest, data, bytes) != 1 || !s->transfer->write(s->transfer->context, data, bytes)) return CURL_WRITEFUNC_ERROR;
  return bytes;
}

int on_progress(void* user, curl_off_t expected, curl_off_t now, curl_off_t, curl_off_t) {
  auto* t = static_cast<State*>(user)->transfer;
  t->progress(t->context, int64_t(now), int64_t(expected));
  return 0;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] void reel_fetch(Transfer* t) {
  // Once a process, and safe when several threads download at once.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* curl = ready == CURLE_OK ? curl_easy_init() : nullptr;
  State state{t, EVP_MD_CTX_new()};
  char reason[CURL_ERROR_SIZE] = "";
  if (!curl || !state.digest || EVP_DigestInit_ex(state.digest, EVP_sha256(), nullptr) != 1) {
    std::snprintf(t->problem, sizeof t->problem, "libcurl or OpenSSL cannot be started");
  } else {
    curl_easy_setopt(curl, CURLOPT_URL, t->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http,file");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "reel");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    // A transfer that stands still for half a minute is given up.
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &state);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &state);
    CURLcode code = curl_easy_perform(curl);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(state.digest, digest, &length);
    for (unsigned i = 0; i < length && i < 32; ++i) std::snprintf(t->sha256 + 2 * i, 3, "%02x", digest[i]);
    if (code != CURLE_OK) std::snprintf(t->problem, sizeof t->problem, "%s", *reason ? reason : curl_easy_strerror(code));
  }
  EVP_MD_CTX_free(state.digest);
  curl_easy_cleanup(curl);
}
