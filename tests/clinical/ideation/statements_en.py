"""English statements written for these tests, one a line, by what must happen to them."""

PAGING = """
I've been planning my suicide for weeks.
Bought enough pills to make sure this time.
I know what I have to do and when.
I've written letters to the kids for after.
I can't see myself alive at Christmas.
I'm going to hang myself when everyone is asleep.
I'm done, I'm ending my life tonight.
I would rather be dead than do another infusion.
suicidal again, worse than before
All I want is to die.
I wish the infusion had killed me.
I wish I could just not wake up tomorrow.
My family would be happier if I were dead.
I don't deserve to live.
I shouldn't be alive.
Nobody needs me, I should just die.
There's nothing left for me in this world.
I can't keep living like this.
I think about dying every single day.
I hope I get hit by a truck.
If the next session fails I will kill myself.
What if I lose control and hurt myself?
I worry I'll do something stupid tonight.
I keep seeing myself hanging, thinking about hanging myself.
The doctor asked about suicidal thoughts and I admitted I have them daily.
I told the nurse no but that was not the truth, I want to die.
I can't honestly say that I'm not suicidal.
There isn't a day I don't think about suicide.
No intent, but the thoughts of killing myself are constant.
I'm not going to kill myself, but I wish I were gone, I want to be dead.
Cut my legs again in the shower.
I burned myself on purpose.
I started self harming again.
After the trip I still want to die.
Mood 3, suicidal ideation 6/10.
You won't have to worry about me much longer.
I love you all, remember that when I'm gone.
thinking about suacide
i wanna kil mysefl
feeling su!cidal rn
sooo tired of life i wanna d1e
I took too many tablets on purpose yesterday.
standing on the train platform I wanted to jump
the gun is in my drawer and I can't stop thinking about it
sometimes I think about crashing the car on purpose
I have been thinking of ways to kill myself.
Is it wrong that I want to be dead?
Suicide feels like the only option left.
the urge to end my life is strong this evening
I tried to hang myself last night.
Woke up disappointed that I'm still alive.
I pray every night that I don't wake up.
I'd be better off dead and so would everyone.
They would get over it if I died.
I'm worthless and I deserve to die.
Nobody would notice if I disappeared.
I have no will to live.
I've lost the will to live.
There is no reason for me to stay alive.
I see no point in going on.
What's the point of living any more.
Life is not worth living.
I can't go on.
I cannot carry on like this, I want it all to end.
I don't want to be here any more.
I don't want to wake up again.
I never want to wake up.
I wish I didn't exist.
I want to stop existing.
I want to vanish from this earth.
I just want everything to be over.
I'm sick of living.
so tired of being alive
I'm done with life.
I am nothing but a burden to my wife.
The kids are better off without me.
Everyone would be relieved if I was dead.
The world would be better without me.
I've made a plan to end my life.
My plan is in place.
I set a date for my suicide.
I looked up how to overdose on my pills, how to do it painlessly, ways to die.
I've been hoarding my medication.
I keep saving up my sleeping pills.
I counted how many pills would be enough to never wake up.
I thought about swallowing all my tablets at once.
I overdosed on Monday and told nobody.
I took an overdose.
I want to jump off the bridge.
I imagined stepping in front of the bus.
I almost jumped in front of a train.
I stood at the edge of the roof and thought about it for an hour.
I keep imagining driving into a tree.
I want to swerve into oncoming traffic.
I put the knife to my throat.
I want to slit my wrists.
I tied a noose.
I want to shoot myself.
I have a loaded gun and I want to use it on myself.
I thought about drowning myself in the bath.
I want to bleed out.
I cut myself again last night.
I can't stop cutting.
The urge to cut is back.
I'm scared I'll hurt myself.
I want to hurt myself.
I scratched my arms until they bled.
I burnt my arm with a lighter.
I hit my head against the wall until it hurt.
self harm thoughts all day
I don't feel safe with myself tonight.
I don't trust myself alone.
I'm afraid of what I might do.
I am not safe at home.
I might act on these thoughts.
If they stop the ketamine I'll kill myself.
I wrote a goodbye letter.
Goodbye everyone, I'm sorry.
This is my final entry.
Tell my kids that I loved them.
I want to be with my mother in heaven.
My affairs are in order for when I'm gone.
Soon it will all be over.
I won't be around much longer.
By next week I won't be here anymore.
Death would be a release.
Dying seems like the only way out.
I need a way out.
kms honestly, gonna kms
i want to unalive myself
sewer slide thoughts again
ctb soon
s u i c i d a l
i want to d i e
k!ll myself
I want to end it all.
I'm ready to end it.
I intend to take my life.
thoughts of being dead are comforting
I keep having images of jumping off the balcony.
I want to do it, thoughts of suicide won't leave
I feel like dying.
I'm not okay, I want to kill myself
My therapist does not know that I am suicidal.
Slept well, ate well, and still want to kill myself.
Not sure if I want to live.
part of me wants to die
the suicidal thoughts came back on day nine
SI is worse today.
passive SI, no plan
I hate being alive.
I hate that I woke up this morning.
I wish I'd never been born.
I wish someone would just kill me, I hope it kills me
the pain makes me want to kill myself
I'd be glad if a car hit me.
""".strip().splitlines()

READ_LATER = """
No suicidal thoughts since the second infusion.
I'm not suicidal at all.
I don't want to kill myself anymore.
My uncle died by suicide in 2003.
I used to be suicidal, that is over.
The form asked about suicide, I answered no.
I tried to kill myself when I was young, a long time ago.
A colleague attempted suicide last month.
No thoughts of self-harm.
No SI today.
Watched a series about a girl who kills herself.
I haven't had suicidal thoughts for weeks.
denied any suicidal ideation
I am no longer suicidal.
The suicidal thoughts have stopped.
Suicidal ideation: none
My suicidal thoughts disappeared after the first infusion.
I do not have any thoughts of killing myself.
I never think about suicide.
Without suicidal thoughts for a month.
Free of suicidal thoughts.
My cousin killed himself in spring.
Her sister took her own life.
He hanged himself in the barn.
My neighbour is suicidal and in hospital.
A man jumped in front of the train this morning.
My grandfather shot himself in 1950.
We had suicide prevention training at work.
The podcast was about suicide.
The leaflet mentions suicidal thoughts as a side effect.
I attempted suicide ten years ago.
In 2012 I wanted to die.
As a teenager I used to cut.
The anniversary of my attempt.
My suicide attempt was fifteen years ago.
not suicidal, just tired
I stopped wanting to die.
No wish to die.
no desire to hurt myself
I would never kill myself.
""".strip().splitlines()

QUIET = """
I'm dead tired after the infusion.
The movie was killing me, so funny.
The plant died while we were away.
I would kill for a pizza.
I felt my body dissolve and I was gone for a while during the infusion.
I was dying of embarrassment at the party.
I felt like I was floating into death during the drip, peaceful.
Cut my finger chopping onions.
Ran 5 kms today.
Headache so bad it's killing me.
I slept like the dead.
We watched the bridge from the boat.
Took my tablets as usual.
I want to end the day with a walk.
I'm sick of this nausea.
I can't wait to live in the new house.
My phone is dying.
Grandpa's funeral was on Monday.
I am afraid of the next session.
Time to end this long entry.
My life is getting better.
No reason to complain today.
I jumped out of bed and into the shower.
The knife drawer is finally sorted.
I stood on the balcony with a coffee.
We drove to the cliff for a picnic with the kids.
I woke up at three and could not get back to sleep.
I never wake up before eight on Sundays.
I'd love to disappear to the beach for a week.
Better without sugar in the coffee.
The kids went to the park without me and had fun.
I took all the kids to the lake.
Pain 6, nausea 2, mood 5.
I hate Mondays.
I was late and the train was gone.
The cat scratched my arm.
I fell and hurt my knee.
I burned the toast.
I cut the grass and trimmed the hedge.
I overslept and missed the bus.
The battery is dead again.
I feel hopeless about my job.
I cried the whole evening and I feel empty.
I can't concentrate and I feel worthless.
Everything is heavy and slow today.
My mood is low but I went for a walk.
I don't see the point of this meeting.
I want this headache to go away.
I couldn't stop laughing, nearly died.
He murdered that song at karaoke.
That joke killed me.
The deadline is on Friday.
Shot two nice photos of the river.
The doctor changed the dose.
I took two painkillers for my back.
Prescription refill: picked up my pills at the pharmacy.
Rope climbing at the gym.
I ended the call early.
We ended up at the cinema.
The end of the film was sad.
My plan for tomorrow is to clean the kitchen.
I made a plan for the week with my therapist.
I left a note for the neighbour about the parcel.
Wrote a letter to my aunt.
Said goodbye to my guests and went to bed.
My last appointment of the year.
It was the last day of my holiday.
I gave the old clothes to charity.
I won't be at work on Friday.
I'm not here next week, we are on holiday.
I do not want to eat breakfast.
I don't want to go to work.
I don't want to live in the city.
I'm tired of the rain.
I'm tired of cooking every day.
The noise outside is a burden.
I can't go on the trip because of work.
I can't do my homework.
No energy, no appetite, no fun.
I feel safe at home.
I was scared of the needle.
I am worried about my exam.
During the infusion I left my body and came back.
I thought I was falling through the floor of the clinic.
It felt like the room was breathing.
I saw colours and lost track of time.
For a moment I did not know who I was.
Everything went white, then I heard the nurse.
My hands did not belong to me for a while.
I felt at peace and light.
Side effects: dizziness, dry mouth.
Blood pressure 140/90 after the infusion.
The bladder is fine, no pain.
I forgot the names of my neighbours.
Double vision for half an hour.
Fed the ducks on the bridge with my niece.
The water in the lake was cold.
I looked at the pill box and took the evening dose.
The car would not start, the engine was dead.
Garage sale on Saturday.
Watching the trains with my son.
Loaded the dishwasher.
I could sleep all day.
Thinking about dinner and about the weekend.
Thinking about my mother a lot.
I miss my old life.
I feel alive again.
Glad to be alive today.
The goldfish is still alive.
Life is good.
""".strip().splitlines()
