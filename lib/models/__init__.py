"""The networks of the book, each a table of layers with the shape after every line."""

from lib.models.alexnet import AlexNet, AlexNet2012
from lib.models.articles import ARTICLES, PooledAlexNet, article_network
from lib.models.between import BetweenNet
from lib.models.lenet import LeNet5, LeNet5Original, LeNet1989

__all__ = [
    "ARTICLES",
    "AlexNet",
    "AlexNet2012",
    "BetweenNet",
    "LeNet5",
    "LeNet5Original",
    "LeNet1989",
    "PooledAlexNet",
    "article_network",
]
