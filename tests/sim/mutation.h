/* Mutations: ways in which the simulated outside can be broken on purpose, each to show that its
 * checker goes red. None of them is in production code. */
#ifndef UNSAY_SIM_MUTATION_H
#define UNSAY_SIM_MUTATION_H

enum mutation {
#define MUTATION(name, promise, text) MUTATION_##name,
#include "mutation.def"
#undef MUTATION
    MUTATION_COUNT
};

#endif
