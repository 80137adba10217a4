// gcc -O3 -ffp-contract=off -mavx2 -mfma bench/ladder/native.c -o build/native && build/native: GFLOP/s of register
// tiles on panels in L1, 256 bits wide, as a C compiler makes them; `npx tsx bench/ladder/ladder.ts --revectorize` [--relaxed] shows what V8 makes of them.
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

enum { K = 256, LDC = 1024, ROUNDS = 15 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static float A[K * 8], B[K * 16], C[8 * LDC];

#define STRICT(sum, x, b) _mm256_add_ps(sum, _mm256_mul_ps(x, b))
#define FUSED(sum, x, b) _mm256_fmadd_ps(x, b, sum)
#define TILE(name, ROWS, add)                                            \
  static __attribute__((noinline)) void name(float *c, const float *a, const float *b, int k) { \
    __m256 sum[ROWS][2];                                                 \
    for (int i = 0; i < ROWS; ++i)                                       \
      for (int j = 0; j < 2; ++j) sum[i][j] = _mm256_loadu_ps(c + i * LDC + 8 * j); \
    do {                                                                 \
      __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);       \
      for (int i = 0; i < ROWS; ++i) {                                   \
        __m256 x = _mm256_broadcast_ss(a + i);                           \
        sum[i][0] = add(sum[i][0], x, b0);                               \
        sum[i][1] = add(sum[i][1], x, b1);                               \
      }                                                                  \
      a += ROWS;                                                         \
      b += 16;                                                           \
    } while (--k);                                                       \
    for (int i = 0; i < ROWS; ++i)                                       \
      for (int j = 0; j < 2; ++j) _mm256_storeu_ps(c + i * LDC + 8 * j, sum[i][j]); \
  }
TILE(strict4x16, 4, STRICT)
TILE(strict5x16, 5, STRICT)
TILE(strict6x16, 6, STRICT)
TILE(fused4x16, 4, FUSED)
TILE(fused6x16, 6, FUSED)

static double timed(void (*tile)(float *, const float *, const float *, int), int rows) {
  double best = 0;
  for (int round = 0; round < ROUNDS; ++round) {
    int times = 2000;
    double from = now();
    for (int t = 0; t < times; ++t) tile(C, A, B, K);
    double rate = 2e-9 * K * rows * 16 * times / (now() - from);
    if (rate > best) best = rate;
  }
  return best;
}

int main(void) {
  for (int i = 0; i < K * 8; ++i) A[i] = 0.5f;
  for (int i = 0; i < K * 16; ++i) B[i] = 1e-6f;
  printf("strict 4x16 %.1f, 5x16 %.1f, 6x16 %.1f; fused 4x16 %.1f, 6x16 %.1f\n", timed(strict4x16, 4), timed(strict5x16, 5),
         timed(strict6x16, 6), timed(fused4x16, 4), timed(fused6x16, 6));
}
