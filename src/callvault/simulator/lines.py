"""What is said in simulated calls: invented sentences, none of them about anybody."""

GREETINGS = {
    "Claims": (
        "Claims, this is {first_name}. How can I help?",
        "Good morning, claims department, {first_name} speaking.",
    ),
    "Sales": (
        "Sales, {first_name} speaking. Hello.",
        "Thank you for calling sales. You are talking to {first_name}.",
    ),
}
"""How an owner answers, by recording group."""

REMOTE_GREETINGS = ("Hello?", "Yes, hello, who is calling?", "Good morning.")
"""How a remote party answers a call of an owner."""

OWNER_LINES = (
    "Let me look that up for you.",
    "Could you tell me the reference number, please?",
    "I can see your letter from last week here.",
    "That will take about ten working days from today.",
    "Right, I have made a note of that.",
    "Would Thursday afternoon suit you, between two and four?",
    "The inspector will ring before setting out.",
    "I am afraid the form on page three was not signed.",
    "Yes, the second offer includes delivery and the first year of service.",
    "I will send you a summary in writing by this evening.",
    "Is there anything else that I can do for you?",
    "No, you do not have to send it again.",
)
"""What an owner says in the course of a call."""

REMOTE_LINES = (
    "Yes, one moment, I have it somewhere here.",
    "I wrote to you two weeks ago and nobody has answered.",
    "It is about the garden wall that came down in the storm.",
    "Seven, four, one, and then the letters B and K.",
    "And what will that cost me, all together?",
    "My neighbour saw it happen and took some pictures.",
    "That would be fine, but not before ten o'clock.",
    "Sorry, the line is bad. Could you say that once more?",
    "We would need about forty of them by the end of the month.",
    "All right, then I will wait for your letter.",
    "Mm, I see.",
    "Could I speak with the colleague I had last time?",
)
"""What a remote party says in the course of a call."""

BEFORE_HOLD = "One moment, I will put you on hold."
AFTER_HOLD = "Thank you for waiting."
FAREWELL = "Thank you, goodbye."
