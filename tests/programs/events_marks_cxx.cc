// SPDX-License-Identifier: MIT
// events_marks_cxx.cc - marks in C++: in a template, which has a place for each instance, and in a lambda.
#include <cstdio>
#include <unistd.h>

#include "../../preload/seep.h"

template <int N> static void work()
{
	for (int i = 0; i < N; i++)
		seep_mark("work");
}

int main()
{
	auto marked = [] { seep_mark("lambda"); };

	work<3>();
	work<4>();
	for (int i = 0; i < 6; i++)
		marked();
	// as events.h, which is C
	printf("event %d mark:work 7\nevent %d mark:lambda 6\n", getpid(), getpid());
}
