"""Where recordings are kept: this node's folder, network shares, buckets (DATA-3, DATA-5).

Recordings are sealed into the folder of their node, whatever is set, and moved from there: a
store that is away delays a move and loses nothing. Moving older recordings is the same, many
times. `places` opens stores, `moving` carries recordings, `relocation` feeds it, `watching` looks
whether stores answer.
"""
