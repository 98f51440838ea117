/* SPDX-License-Identifier: MIT */
/* sym_templates.cc - namespaces, templates, lambdas, local classes and constructors, for the symbolizer. */
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace seep_test
{

template <typename Value> class Cache
{
      public:
	explicit Cache(size_t limit) : limit_(limit)
	{
		entries_.reserve(limit);
	}

	template <typename Maker> const Value &get(const std::string &key, Maker maker)
	{
		auto found = index_.find(key);
		if (found == index_.end()) {
			if (entries_.size() == limit_)
				clear();
			entries_.push_back(std::make_unique<Value>(maker(key)));
			found = index_.emplace(key, entries_.back().get()).first;
		}
		return *found->second;
	}

	__attribute__((noinline)) void clear()
	{
		index_.clear();
		entries_.clear();
	}

      private:
	size_t limit_;
	std::vector<std::unique_ptr<Value>> entries_;
	std::map<std::string, Value *> index_;
};

namespace
{

__attribute__((noinline)) int hidden_helper(const std::string &text)
{
	return static_cast<int>(std::count(text.begin(), text.end(), 'a'));
}

struct Counter {
	int count = 0;
	__attribute__((noinline)) void add(int amount)
	{
		count += amount;
	}
};

} // namespace

__attribute__((noinline)) int count_all(const std::vector<std::string> &texts)
{
	struct Local {
		static __attribute__((noinline)) int twice(int value)
		{
			return value * 2 + (value & 1);
		}
	};
	Counter counter;
	std::for_each(texts.begin(), texts.end(),
		      [&counter](const std::string &text) { counter.add(Local::twice(hidden_helper(text))); });
	return counter.count;
}

} // namespace seep_test

int main(int argc, char **argv)
{
	seep_test::Cache<std::string> words(8);
	seep_test::Cache<std::vector<int>> sizes(4);
	std::vector<std::string> texts(argv, argv + argc);
	int total = 0;

	auto make_word = [](const std::string &key) __attribute__((noinline))
	{
		return key + key;
	};
	for (int i = 0; i < 100; i++) {
		texts.push_back(words.get("banana " + std::to_string(i % 12), make_word));
		total += static_cast<int>(sizes.get(texts.back(), [](const std::string &key) {
						       return std::vector<int>(key.size());
					       }).size());
	}
	std::printf("%d %d\n", seep_test::count_all(texts), total);
	return 0;
}
